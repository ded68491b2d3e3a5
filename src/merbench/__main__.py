"""`python -m merbench`: the command of the interpreter that is named."""

from merbench.cli import program

if __name__ == "__main__":
    program()
