"""The catalogue: sets of images that the field uses, by the names that commands and options know."""

from gansr.data.catalogue import faces, large, real, small
from gansr.data.catalogue.record import DataSet

SETS: tuple[DataSet, ...] = (
    small.SET5,
    small.SET14,
    small.BSD100,
    small.URBAN100,
    small.MANGA109,
    small.L20,
    small.PIRM,
    small.T91,
    small.GENERAL100,
    small.BSDS300,
    small.BSDS500,
    large.DIV2K,
    large.FLICKR2K,
    large.LSDIR,
    large.OST,
    faces.FFHQ,
    faces.CELEBA,
    real.REALSR,
    real.DREALSR,
    real.REALSRSET,
)

CATALOGUE: dict[str, DataSet] = {one.name: one for one in SETS}
