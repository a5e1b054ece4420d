"""Small sets, old and new: what most tables are made on, and what networks learnt from before DIV2K.

Where no source is named, counts and sides are those of the images themselves.
"""

from gansr.data.catalogue.record import DataSet, File, Part, folders, numbers

# The first two names of each are folders of the EDSR authors' benchmark.tar and of the copies on Hugging Face; the
# third is BasicSR's, cut to multiples of 12; the fourth that of SelfExSR, cut to multiples of 2.
SET5_FOLDERS = folders("set5/hr", "set5_hr", "set5/gtmod12", "set5/image_srf_2", "set5", "hr")
SET14_FOLDERS = folders("set14/hr", "set14_hr", "set14/gtmod12", "set14/image_srf_2", "set14", "hr")

SET5 = DataSet(
    name="set5",
    title="Set5",
    parts=(Part("test", 5, (*SET5_FOLDERS[:-1], "*_hr.*", "*"), sides=(228, 512)),),
    resolution="228x228 to 512x512",
    purpose="test",
    content="five photos: baby, bird, butterfly, head, woman",
    terms="no explicit licence; used for research",
    page="https://people.rennes.inria.fr/Aline.Roumy/results/SR_BMVC12.html",
    paper="Bevilacqua et al., Low-complexity single-image super-resolution based on nonnegative neighbor embedding, "
    "BMVC 2012",
    # A copy that the super-image library loads; checksum unknown.
    files=(File.at("https://huggingface.co/datasets/eugenesiow/Set5/resolve/main/data/Set5_HR.tar.gz"),),
)

SET14 = DataSet(
    name="set14",
    title="Set14",
    parts=(Part("test", 14, (*SET14_FOLDERS[:-1], "*_hr.*", "*"), sides=(250, 768)),),
    resolution="276x276 to 720x576",
    purpose="test",
    content="14 pictures; one of them (bridge) is grey",
    terms="no explicit licence; used for research",
    page="https://sites.google.com/site/romanzeyde/research-interests",
    paper="Zeyde et al., On single image scale-up using sparse-representations, Curves and Surfaces 2010",
    # The copy that deepinv and Qualcomm's AI hub load; checksum unknown.
    files=(File.at("https://huggingface.co/datasets/eugenesiow/Set14/resolve/main/data/Set14_HR.tar.gz"),),
)

BSDS_SIDES = (321, 481)
BSDS_TERMS = "non-commercial research and education"
BSDS_PAGE = "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/bsds/"
BSDS_PAPER = "Martin et al., A database of human segmented natural images, ICCV 2001"
# Address and sha256 stand in two unrelated public projects that check the archive before they use it.
BSDS300_FILE = File.at(
    "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/segbench/BSDS300-images.tgz",
    sha256="a5f7d0e49fe135c75518a3543ced24470156fd69305ae77845dff2a5138652b4",
)
# Address and md5 from deepinv, deepinv/datasets/bsds500.py. GitHub packs the branch anew from time to time.
BSDS500_FILE = File(
    "BSDS500-master.zip",
    "https://github.com/BIDS/BSDS500/archive/refs/heads/master.zip",
    md5="7bfe17302a219367694200a61ce8256c",
)

BSDS300 = DataSet(
    name="bsds300",
    title="BSDS300",
    parts=(
        Part("train", 200, ("*/images/train/*", "*/train/*", "*"), sides=BSDS_SIDES),
        Part("test", 100, ("*/images/test/*", "*/test/*"), sides=BSDS_SIDES),
    ),
    resolution="481x321, or upright",
    purpose="training, test",
    content="photos of nature, people and things, as JPEG; with T91 the '291 images' of VDSR and others",
    terms=BSDS_TERMS,
    page=BSDS_PAGE,
    paper=BSDS_PAPER,
    files=(BSDS300_FILE,),
)

BSDS500 = DataSet(
    name="bsds500",
    title="BSDS500",
    parts=(
        Part("train", 200, ("*/images/train/*", "*/train/*"), sides=BSDS_SIDES),
        Part("val", 100, ("*/images/val/*", "*/val/*"), sides=BSDS_SIDES),
        Part("test", 200, ("*/images/test/*", "*/test/*"), sides=BSDS_SIDES),
    ),
    resolution="481x321, or upright",
    purpose="training, validation, test",
    content="BSDS300, whose train is train and whose test is val, and 200 further photos",
    terms=BSDS_TERMS,
    page="https://github.com/BIDS/BSDS500",
    paper="Arbelaez et al., Contour detection and hierarchical image segmentation, TPAMI 2011",
    files=(BSDS500_FILE, File("BSR_bsds500.tgz")),
)

BSD100 = DataSet(
    name="bsd100",
    title="BSD100 (B100, BSDS100)",
    parts=(
        Part(
            "test",
            100,
            (
                "*/images/val/*",  # of BSDS500, before its own test, which has 200
                "*/images/test/*",  # of BSDS300
                *folders("b100/hr", "bsd100_hr", "bsds100/gtmod12", "bsd100/image_srf_2", "bsds100", "bsd100", "hr"),
            ),
            sides=BSDS_SIDES,
        ),
    ),
    resolution="481x321, or upright",
    purpose="test",
    content="the 100 test photos of BSDS300, which are the val photos of BSDS500",
    terms=BSDS_TERMS,
    page=BSDS_PAGE,
    paper=BSDS_PAPER,
    files=(BSDS300_FILE,),
)

URBAN100 = DataSet(
    name="urban100",
    title="Urban100",
    parts=(
        Part(
            "test",
            100,
            folders("urban100/hr", "urban100_hr", "urban100/gtmod12", "urban100/image_srf_2", "urban100", "hr"),
        ),
    ),
    resolution="varies; sizes not verified",
    purpose="test",
    content="buildings: straight lines and repeated structures",
    terms="the copy on Hugging Face says CC BY 4.0; no licence of its authors is known",
    page="https://github.com/jbhuang0604/SelfExSR",
    paper="Huang et al., Single image super-resolution from transformed self-exemplars, CVPR 2015",
    # Address and md5 from the examples of deepinv.
    files=(
        File.at(
            "https://huggingface.co/datasets/eugenesiow/Urban100/resolve/main/data/Urban100_HR.tar.gz",
            md5="65d9d84a34b72c6f7ca1e26a12df1e4c",
        ),
    ),
)

MANGA109 = DataSet(
    name="manga109",
    title="Manga109",
    parts=(Part("test", 109, folders("manga109/hr", "manga109_hr", "manga109/gtmod12", "manga109", "hr")),),
    resolution="pages of manga; sizes not verified",
    purpose="test",
    content="109 pictures of manga; the whole data set has 10,602 images, of which the field takes one for each volume",
    terms="academic purposes only, not to be passed on; 87 works for companies as Manga109-s",
    page="http://www.manga109.org/en/download.html",
    paper="Matsui et al., Sketch-based manga retrieval using Manga109 dataset, Multimedia Tools and Applications 2017",
    form="Its authors want an application: fill in the form at https://huggingface.co/datasets/hal-utokyo/Manga109",
)

# The count is the one in its name and was not verified. No address of today was found.
L20 = DataSet(
    name="l20",
    title="L20",
    parts=(Part("test", 20),),
    resolution="large photos; sizes not verified",
    purpose="test",
    content="20 large photos",
    terms="no explicit licence found",
    page="https://arxiv.org/abs/1511.02228",
    paper="Timofte et al., Seven ways to improve example-based single image super resolution, CVPR 2016",
    form="No public address is known to work: ask its authors, or whoever has a copy",
)

# PIRM's folders and counts: the data set's description in MindSpore's models, and https://pirm.github.io.
PIRM = DataSet(
    name="pirm",
    title="PIRM 2018 (self-validation)",
    parts=(Part("val", 100, folders("pirm_self-val_set/hr", "self_validation_hr", "hr")),),
    resolution="about 300,000 pixels each",
    purpose="validation",
    content="photos of people, things, plants and places; of the challenge's val and test sets copies hold LR alone",
    terms="no explicit licence; made for the PIRM challenge at ECCV 2018",
    page="https://pirm.github.io/",
    paper="Blau et al., The 2018 PIRM challenge on perceptual image super-resolution, ECCV workshops 2018",
    form="It lies on Google Drive, linked from https://pirm.github.io/",
)

T91 = DataSet(
    name="t91",
    title="T91 (91 images)",
    parts=(Part("train", 91, folders("t91/hr", "t91", "hr"), sides=(78, 508), stems=numbers(1, 91, 1, "t")),),
    resolution="78x78 to 508 pixels",
    purpose="training",
    content="small pictures of flowers, faces and things",
    terms="no explicit licence; used for research",
    page="http://www.ifp.illinois.edu/~jyang29/ScSR.htm",
    paper="Yang et al., Image super-resolution via sparse representation, TIP 2010",
    # Address from IsaacCorley/pytorch-enhance; checksum unknown.
    files=(File.at("https://raw.githubusercontent.com/IsaacCorley/pytorch-enhance/master/datasets/T91.zip"),),
)

# Counts, kind and sides: the authors' page, as OpenCV's documentation of its datasets module has it.
GENERAL100 = DataSet(
    name="general100",
    title="General-100",
    parts=(Part("train", 100, folders("general-100", "general100", "hr"), sides=(112, 710)),),
    resolution="131x112 to 710x704",
    purpose="training",
    content="pictures with clear edges and few smooth regions, as BMP without compression",
    terms="no explicit licence; used for research",
    page="http://mmlab.ie.cuhk.edu.hk/projects/FSRCNN.html",
    paper="Dong et al., Accelerating the super-resolution convolutional neural network, ECCV 2016",
    form="It lies on cloud drives, linked from http://mmlab.ie.cuhk.edu.hk/projects/FSRCNN.html and from BasicSR's "
    "page of data sets, https://github.com/XPixelGroup/BasicSR/blob/master/docs/DatasetPreparation.md",
)
