import cProfile,pstats,time,sys,io,contextlib
sys.argv=['merbench','plan',*sys.argv[1:]]
from merbench.cli import main
prof='PROF' in __import__('os').environ
p=cProfile.Profile()
t=time.process_time()
out=io.StringIO()
try:
    with contextlib.redirect_stdout(out):
        p.runcall(main) if prof else main()
except SystemExit as e: print('exit',e.code)
print('cpu',time.process_time()-t, len(out.getvalue()), __import__('hashlib').sha256(out.getvalue().encode()).hexdigest()[:12])
if prof: pstats.Stats(p).sort_stats('tottime').print_stats(40)
