"""Other projects' names for CARN and DRRN."""

from gansr.models.foreign.dialect import Dialect

KIND = r"(weight|bias)"

DIALECTS = (
    Dialect(  # carn/model of nmhkahn/CARN-pytorch, of which carn.pth and carn_m.pth are
        "CARN-pytorch",
        rf"b1\.c1\.body\.0\.{KIND}",
        (
            (rf"(sub|add)_mean\.shifter\.{KIND}", r"\1_mean.\2"),
            (rf"b(\d)\.b(\d)\.body\.(\d)\.{KIND}", r"body.b\1.b\2.body.\3.\4"),
            (rf"b(\d)\.c(\d)\.body\.0\.{KIND}", r"body.b\1.c\2.\3"),
            (rf"c(\d)\.body\.0\.{KIND}", r"body.c\1.\2"),
            (rf"upsample\.(up\d?)\.body\.(\d)\.{KIND}", r"upsample.\1.\2.\3"),
            (rf"((?:entry|exit)\.{KIND})", r"\1"),
        ),
    ),
    Dialect(  # drrn.py of jt827859032/DRRN-pytorch, B1U25 without normalisation
        "DRRN-pytorch",
        r"conv2\.weight",
        ((r"(input|conv1|conv2)\.weight", r"blocks.0.\1.weight"), (r"(output\.weight)", r"\1")),
    ),
    Dialect(  # models.py of yjn870/DRRN-pytorch, without normalisation; its published file is B1U9
        "yjn870's DRRN",
        r"rbs\.\d+\.h0\.module\.1\.weight",
        (
            (r"rbs\.(\d+)\.h0\.module\.1\.weight", r"blocks.\1.input.weight"),
            (r"rbs\.(\d+)\.ru\.module\.0\.module\.1\.weight", r"blocks.\1.conv1.weight"),
            (r"rbs\.(\d+)\.ru\.module\.1\.module\.1\.weight", r"blocks.\1.conv2.weight"),
            (r"rec\.module\.1\.weight", r"output.weight"),
        ),
    ),
)
