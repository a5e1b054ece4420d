"""Photographed LR: pairs that two focal lengths made, and photos without ground truth."""

from gansr.data.catalogue.record import DataSet, File, Part

REALSR_SCALES = (2, 3, 4)

# Folders and names: the third version, as public loaders of it have them. Counts are not verified.
REALSR = DataSet(
    name="realsr",
    title="RealSR (version 3)",
    parts=tuple(
        Part(
            f"{part}_x{scale}",
            None,
            (f"*/{part}/{scale}/*_hr.*",),
            {scale: (f"*/{part}/{scale}/*_lr{scale}.*",)},
        )
        for part in ("train", "test")
        for scale in REALSR_SCALES
    ),
    resolution="varies; sizes not verified",
    purpose="training, test",
    content="more than 500 scenes, by two cameras (Canon 5D3, Nikon D810) at several focal lengths",
    terms="no explicit licence",
    page="https://github.com/csjcai/RealSR",
    paper="Cai et al., Toward real-world single image super-resolution: a new benchmark and a new model, ICCV 2019",
    form="It lies on Google Drive, linked from https://github.com/csjcai/RealSR",
)

# Folders: public scripts that pack it. Counts are not verified.
DREALSR = DataSet(
    name="drealsr",
    title="DRealSR",
    parts=tuple(
        Part(
            f"{part}_x{scale}",
            None,
            (f"*/{part}_x{scale}/{part}_hr/*",),
            {scale: (f"*/{part}_x{scale}/{part}_lr/*",)},
        )
        for part in ("train", "test")
        for scale in REALSR_SCALES
    ),
    resolution="varies; sizes not verified",
    purpose="training, test",
    content="scenes in and out of doors, by five DSLR cameras at several focal lengths",
    terms="no explicit licence",
    page="https://github.com/xiezw5/Component-Divide-and-Conquer-for-Real-World-Image-Super-Resolution",
    paper="Wei et al., Component divide-and-conquer for real-world image super-resolution, ECCV 2020",
    form="It lies on cloud drives, linked from "
    "https://github.com/xiezw5/Component-Divide-and-Conquer-for-Real-World-Image-Super-Resolution",
)

# Address: README of SwinIR; its archive has five pictures more. Names: testsets of cszn/BSRGAN. Checksum unknown.
REALSRSET = DataSet(
    name="realsrset",
    title="RealSRSet",
    parts=(
        Part(
            "test",
            20,
            where=(),
            low=("*/realsrset/*", "*/realsrset+5images/*", "*/lr/*", "*"),
            sides=(120, 360),
            stems=(
                *("Lincoln", "building", "butterfly", "butterfly2", "chip", "comic1", "comic2", "comic3", "computer"),
                *("dog", "dped_crop00061", "foreman", "frog", "oldphoto2", "oldphoto3", "oldphoto6", "painting"),
                *("pattern", "ppt3", "tiger"),
            ),
            pick=True,
        ),
    ),
    resolution="120x120 to 360x360",
    purpose="test",
    content="20 spoilt photos, scans and comics from the web and from older sets; there is no ground truth",
    terms="its repository is under Apache-2.0; the pictures' own terms are not said",
    page="https://github.com/cszn/BSRGAN",
    paper="Zhang et al., Designing a practical degradation model for deep blind image super-resolution, ICCV 2021",
    files=(File.at("https://github.com/JingyunLiang/SwinIR/releases/download/v0.0/RealSRSet+5images.zip"),),
)
