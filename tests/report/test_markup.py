import json

from gansr.report.markup import Markup, data, joined, notes, table, tag

EVIL = """<img src=x onerror=alert(1)>&"'"""


def test_texts_and_values_of_attributes_are_escaped_and_markup_is_not() -> None:
    found = tag("p", EVIL, tag("b", "bold"), title=EVIL).html
    assert found == (
        '<p title="&lt;img src=x onerror=alert(1)&gt;&amp;&quot;&#x27;">'
        "&lt;img src=x onerror=alert(1)&gt;&amp;&quot;&#x27;<b>bold</b></p>"
    )


def test_attributes_without_value_and_void_elements() -> None:
    assert tag("input", type="checkbox", checked=True, disabled=False, data_one=None).html == (
        '<input type="checkbox" checked>'
    )
    assert tag("th", "a", class_="x", aria_label="b").html == '<th class="x" aria-label="b">a</th>'


def test_a_table_has_names_of_columns_and_rows() -> None:
    html = table(["", "x<y"], [["r", "1"]]).html
    assert '<th scope="col">x&lt;y</th>' in html
    assert '<tr><th scope="row">r</th><td>1</td></tr>' in html


def test_nothing_to_say_is_no_list() -> None:
    assert notes([]).html == ""
    assert joined([None, "a", Markup("<br>")]).html == "a<br>"


def test_data_cannot_end_their_script_and_are_read_back_whole() -> None:
    values = {"name": "</script><script>alert(1)</script>\u2028", "x": [1.5, None]}
    html = data(values).html
    inside = html.removeprefix('<script type="application/json">').removesuffix("</script>")
    assert "<" not in inside
    assert json.loads(inside) == values
