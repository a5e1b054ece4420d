"""Names that other projects give to weights of our networks -> ours."""

from collections.abc import Mapping

from torch import Tensor

from gansr.models.foreign import attention, edsr, esrgan, first, light, progressive, rdn, srdensenet
from gansr.models.foreign.dialect import Dialect

DIALECTS: tuple[Dialect, ...] = (
    *first.DIALECTS,
    *light.DIALECTS,
    *edsr.DIALECTS,
    *rdn.DIALECTS,
    *srdensenet.DIALECTS,
    *esrgan.DIALECTS,
    *attention.DIALECTS,
    *progressive.DIALECTS,
)


def translate(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], str | None]:
    """The weights under our names, and the source whose names they had; others keep theirs.

    The first dialect wins that knows every name.
    """
    for dialect in DIALECTS:
        translated = dialect.translate(state)
        if translated is not None:
            return translated, dialect.source
    return dict(state), None


def partly(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], str] | None:
    """The same for weights that have other names too, which they keep; None: no dialect knows most of them.

    The dialect counts that knows most names.
    """
    found = [(part, dialect.source) for dialect in DIALECTS if (part := dialect.partly(state)) is not None]
    if not found:
        return None
    (translated, _), source = min(found, key=lambda one: one[0][1])
    return translated, source
