"""The papers that plugins cite: what to cite, and its address.

They stand apart from the plugins, since a word that is mended here changes no result.
"""

from __future__ import annotations

from typing import NamedTuple


class Paper(NamedTuple):
    """What to cite, and the address of the paper (a DOI's or arXiv's), where it has one."""

    citation: str
    address: str = ""


ARTIST_CNN = Paper(
    "J. Park, J. Lee, J. Park, J.-W. Ha and J. Nam, Representation learning of music using "
    "artist labels, ISMIR 2018",
    "https://arxiv.org/abs/1710.06648",
)
BILSTM = Paper(
    "A. Graves and J. Schmidhuber, Framewise phoneme classification with bidirectional LSTM "
    "and other neural network architectures, Neural Networks 18(5-6), 2005",
    "https://doi.org/10.1016/j.neunet.2005.06.042",
)
BIRNN = Paper(
    "M. Schuster and K. K. Paliwal, Bidirectional recurrent neural networks, IEEE "
    "Transactions on Signal Processing 45(11), 1997",
    "https://doi.org/10.1109/78.650093",
)
CLAP = Paper(
    "Y. Wu, K. Chen, T. Zhang, Y. Hui, T. Berg-Kirkpatrick and S. Dubnov, Large-scale "
    "contrastive language-audio pretraining with feature fusion and keyword-to-caption "
    "augmentation, ICASSP 2023",
    "https://arxiv.org/abs/2211.06687",
)
COMPARE_2016 = Paper(
    "B. Schuller, S. Steidl, A. Batliner and others, The INTERSPEECH 2016 computational "
    "paralinguistics challenge: deception, sincerity and native language, Interspeech 2016; "
    "F. Eyben, M. Wöllmer and B. Schuller, openSMILE: the Munich versatile and fast "
    "open-source audio feature extractor, ACM Multimedia 2010",
    "https://doi.org/10.21437/Interspeech.2016-129",
)
DEEP_SMOTE = Paper(
    "D. Dablain, B. Krawczyk and N. V. Chawla, DeepSMOTE: fusing deep learning and SMOTE for "
    "imbalanced data, IEEE Transactions on Neural Networks and Learning Systems 34(9), 2023",
    "https://doi.org/10.1109/TNNLS.2021.3136503",
)
DEMUCS = Paper(
    "S. Rouard, F. Massa and A. Défossez, Hybrid transformers for music source separation, "
    "ICASSP 2023; A. Défossez, Hybrid spectrogram and waveform source separation, Music "
    "Demixing Workshop at ISMIR 2021",
    "https://arxiv.org/abs/2211.08553",
)
EGEMAPS = Paper(
    "F. Eyben, K. R. Scherer, B. W. Schuller and others, The Geneva minimalistic acoustic "
    "parameter set (GeMAPS) for voice research and affective computing, IEEE Transactions on "
    "Affective Computing 7(2), 2016",
    "https://doi.org/10.1109/TAFFC.2015.2457417",
)
GRU = Paper(
    "K. Cho, B. van Merriënboer, C. Gulcehre and others, Learning phrase representations "
    "using RNN encoder-decoder for statistical machine translation, EMNLP 2014",
    "https://arxiv.org/abs/1406.1078",
)
HPSS = Paper(
    "D. FitzGerald, Harmonic/percussive separation using median filtering, DAFx 2010; Z. "
    "Rafii and B. Pardo, Music/voice separation using the similarity matrix, ISMIR 2012",
)
KEY_PROFILES = Paper(
    "C. L. Krumhansl, Cognitive foundations of musical pitch, Oxford University Press 1990",
)
LIBROSA = Paper(
    "B. McFee, C. Raffel, D. Liang, D. P. W. Ellis, M. McVicar, E. Battenberg and O. Nieto, "
    "librosa: audio and music signal analysis in Python, SciPy 2015",
    "https://doi.org/10.25080/Majora-7b98e3ed-003",
)
LIBSVM = Paper(
    "C.-C. Chang and C.-J. Lin, LIBSVM: a library for support vector machines, ACM "
    "Transactions on Intelligent Systems and Technology 2(3), 2011",
    "https://doi.org/10.1145/1961189.1961199",
)
LOURO_2024 = Paper(
    "P. L. Louro, H. Redinho, R. Malheiro, R. P. Paiva and R. Panda, A comparison study of "
    "deep learning methodologies for music emotion recognition, Sensors 24(7), 2024",
    "https://doi.org/10.3390/s24072201",
)
LSTM = Paper(
    "S. Hochreiter and J. Schmidhuber, Long short-term memory, Neural Computation 9(8), 1997",
    "https://doi.org/10.1162/neco.1997.9.8.1735",
)
MERT = Paper(
    "Y. Li, R. Yuan, G. Zhang and others, MERT: acoustic music understanding model with "
    "large-scale self-supervised training, ICLR 2024",
    "https://arxiv.org/abs/2306.00107",
)
MUQ = Paper(
    "H. Zhu, Y. Zhou, H. Chen and others, MuQ: self-supervised music representation learning "
    "with mel residual vector quantization, 2025",
    "https://arxiv.org/abs/2501.01108",
)
MUSICNN = Paper(
    "J. Pons and X. Serra, musicnn: pre-trained convolutional neural networks for music audio "
    "tagging, late-breaking session of ISMIR 2019",
    "https://arxiv.org/abs/1909.06654",
)
NGUYEN_2022 = Paper(
    "V. D. Nguyen, Q. H. Nguyen and R. G. Freedman, Predicting perceived music emotions with "
    "respect to instrument combinations, 2022",
)
OPENL3 = Paper(
    "A. L. Cramer, H.-H. Wu, J. Salamon and J. P. Bello, Look, listen, and learn more: design "
    "choices for deep audio embeddings, ICASSP 2019",
    "https://doi.org/10.1109/ICASSP.2019.8682475",
)
OPTUNA = Paper(
    "T. Akiba, S. Sano, T. Yanase, T. Ohta and M. Koyama, Optuna: a next-generation "
    "hyperparameter optimization framework, KDD 2019",
    "https://doi.org/10.1145/3292500.3330701",
)
RANDOM_FOREST = Paper(
    "L. Breiman, Random forests, Machine Learning 45(1), 2001",
    "https://doi.org/10.1023/A:1010933404324",
)
RELIEFF = Paper(
    "M. Robnik-Šikonja and I. Kononenko, Theoretical and empirical analysis of ReliefF and "
    "RReliefF, Machine Learning 53(1), 2003",
    "https://doi.org/10.1023/A:1025667309714",
)
RIDGE = Paper(
    "A. E. Hoerl and R. W. Kennard, Ridge regression: biased estimation for nonorthogonal "
    "problems, Technometrics 12(1), 1970",
    "https://doi.org/10.1080/00401706.1970.10488634",
)
SAMME = Paper(
    "J. Zhu, H. Zou, S. Rosset and T. Hastie, Multi-class AdaBoost, Statistics and Its "
    "Interface 2(3), 2009",
    "https://doi.org/10.4310/SII.2009.v2.n3.a8",
)
SAMPLE_CNN = Paper(
    "J. Lee, J. Park, K. L. Kim and J. Nam, Sample-level deep convolutional neural networks "
    "for music auto-tagging using raw waveforms, SMC 2017",
    "https://arxiv.org/abs/1703.01789",
)
SHORT_CHUNK_CNN = Paper(
    "M. Won, A. Ferraro, D. Bogdanov and X. Serra, Evaluation of CNN-based automatic music "
    "tagging models, SMC 2020",
    "https://arxiv.org/abs/2006.00751",
)
SPLEETER = Paper(
    "R. Hennequin, A. Khlif, F. Voituret and M. Moussallam, Spleeter: a fast and efficient "
    "music source separation tool with pre-trained models, Journal of Open Source Software "
    "5(50), 2020",
    "https://doi.org/10.21105/joss.02154",
)
TEMPERATURE = Paper(
    "C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, On calibration of modern neural "
    "networks, ICML 2017",
    "https://arxiv.org/abs/1706.04599",
)
TRANSFORMERS = Paper(
    "T. Wolf, L. Debut, V. Sanh and others, Transformers: state-of-the-art natural language "
    "processing, EMNLP 2020 (system demonstrations); and whose model is loaded",
    "https://doi.org/10.18653/v1/2020.emnlp-demos.6",
)
WAVE_U_NET = Paper(
    "D. Stoller, S. Ewert and S. Dixon, Wave-U-Net: a multi-scale neural network for "
    "end-to-end audio source separation, ISMIR 2018",
    "https://arxiv.org/abs/1806.03185",
)
XGBOOST = Paper(
    "T. Chen and C. Guestrin, XGBoost: a scalable tree boosting system, KDD 2016",
    "https://doi.org/10.1145/2939672.2939785",
)
