"""Sets of faces: real people."""

from gansr.data.catalogue.record import DataSet, File, Part, folders, numbers

# All of it: the data set's own README, which names the first 60,000 as those to train on.
FFHQ = DataSet(
    name="ffhq",
    title="FFHQ",
    parts=(Part("train", 70_000, folders("images1024x1024"), sides=(1024, 1024), stems=numbers(0, 69_999, 5)),),
    resolution="1024x1024",
    purpose="training",
    content="aligned faces from Flickr, PNG",
    terms="CC BY-NC-SA 4.0 for the set; each photo under a licence of its own that allows non-commercial use",
    page="https://github.com/NVlabs/ffhq-dataset",
    paper="Karras et al., A style-based generator architecture for generative adversarial networks, CVPR 2019",
    form="It lies on Google Drive (89 GB); https://github.com/NVlabs/ffhq-dataset has its script",
)

# Count: the data set's page; md5: torchvision, torchvision/datasets/celeba.py.
CELEBA = DataSet(
    name="celeba",
    title="CelebA (aligned)",
    parts=(Part("train", 202_599, folders("img_align_celeba"), sides=(178, 218), stems=numbers(1, 202_599, 6)),),
    resolution="178x218",
    purpose="training",
    content="aligned faces of 10,177 celebrities, JPEG",
    terms="non-commercial research only, not to be passed on",
    page="http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
    paper="Liu et al., Deep learning face attributes in the wild, ICCV 2015",
    files=(File("img_align_celeba.zip", md5="00d2c5bc6d35e252742224ab0c1e8fcb"),),
    form="Its authors want their terms agreed to, and it lies on Google Drive: "
    "http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
)
