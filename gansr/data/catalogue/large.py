"""Large sets of photos, which networks are trained on today."""

from gansr.data.catalogue.record import DataSet, File, Part, folders, numbers

# Sizes and sha256: tensorflow/datasets, tensorflow_datasets/url_checksums/div2k.txt.
DIV2K = DataSet(
    name="div2k",
    title="DIV2K",
    parts=(
        Part("train", 800, ("*/div2k_train_hr/*", "*/train_hr/*", "*/train/*"), stems=numbers(1, 800, 4)),
        Part("valid", 100, ("*/div2k_valid_hr/*", "*/valid_hr/*", "*/valid/*"), stems=numbers(801, 900, 4)),
    ),
    resolution="2K: 2040 pixels along the longer side",
    purpose="training, validation",
    content="photos of all kinds, PNG",
    terms="academic research only; copyright stays with the photographers",
    page="https://data.vision.ee.ethz.ch/cvl/DIV2K/",
    paper="Agustsson and Timofte, NTIRE 2017 challenge on single image super-resolution: dataset and study, CVPRW 2017",
    files=(
        File.at(
            "https://data.vision.ee.ethz.ch/cvl/DIV2K/DIV2K_train_HR.zip",
            3_530_603_713,
            "9d0b9c463f6e35b6c62cc6a930ee2224f670b34c1df841a57670f9acf0f6c335",
            part="train",
        ),
        File.at(
            "https://data.vision.ee.ethz.ch/cvl/DIV2K/DIV2K_valid_HR.zip",
            448_993_893,
            "20dd31fd84d777bc1cf5d6b7654a3f569c0aec74458ae094122ad1d0489900fc",
            part="valid",
        ),
    ),
)

# Address and count: BasicSR's page of data sets; file names: deepinv, deepinv/datasets/flickr2k.py. Checksum unknown.
FLICKR2K = DataSet(
    name="flickr2k",
    title="Flickr2K",
    parts=(Part("train", 2650, folders("flickr2k/flickr2k_hr", "flickr2k_hr", "flickr2k")),),
    resolution="2K",
    purpose="training",
    content="photos from Flickr, PNG; with DIV2K it is called DF2K",
    terms="no explicit licence; copyright stays with the photographers",
    page="https://github.com/limbee/NTIRE2017",
    paper="Lim et al., Enhanced deep residual networks for single image super-resolution, CVPRW 2017",
    files=(File.at("https://cv.snu.ac.kr/research/EDSR/Flickr2K.tar"),),
)

# Addresses, folders and counts: deepinv, deepinv/datasets/lsdir.py. Checksums of the archives unknown.
LSDIR = DataSet(
    name="lsdir",
    title="LSDIR",
    parts=(
        Part("train", 84_991, ("*/00?????/*", "*/train/*"), stems=numbers(1, 84_991, 7)),
        Part("val", 250, ("*/val1/hr/val/*", "*/hr/val/*"), stems=numbers(1, 250, 7)),
    ),
    resolution="varies; sizes not verified",
    purpose="training, validation",
    content="photos of all kinds, PNG",
    terms="see its page: research; not verified",
    page="https://data.vision.ee.ethz.ch/yawli/",
    paper="Li et al., LSDIR: a large scale dataset for image restoration, CVPRW 2023",
    files=tuple(
        File.at(f"https://data.vision.ee.ethz.ch/yawli/{name}.tar.gz", part="val" if name == "val1" else "train")
        for name in (*(f"shard-{number:02}" for number in range(17)), "val1")
    ),
)

# Counts and kinds: the data set's own README.
OST = DataSet(
    name="ost",
    title="OutdoorScene (OST)",
    parts=(
        Part("train", 10_324, ("*outdoorscenetrain_v2/*", "*outdoorscenetrain*/*", "*/train/*")),
        Part("test", 300, ("*ost300_img/*", "*outdoorscenetest300/*", "*/test/*")),
    ),
    resolution="varies; sizes not verified",
    purpose="training, test",
    content="seven kinds of outdoor scenes: sky, water, building, grass, plant, animal, mountain",
    terms="no explicit licence; images from search engines",
    page="https://github.com/xinntao/SFTGAN#ost-dataset",
    paper="Wang et al., Recovering realistic texture in image super-resolution by deep spatial feature transform, "
    "CVPR 2018",
    form="It lies on Google Drive, linked from https://github.com/xinntao/SFTGAN#ost-dataset",
)
