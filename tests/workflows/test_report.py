from lensmith.runs import Run


def test_the_run_has_a_page_about_itself_and_its_curves(tiny_run: Run):
    page = tiny_run.report_file.read_text(encoding="utf-8")
    result = tiny_run.info["result"]
    for part in ("tiny", "horizontal", "vertical", f"{result['parameters']:,}", "lensmith predict", "Conv2D"):
        assert part in page
    assert (tiny_run.path / "history.png").read_bytes().startswith(b"\x89PNG")
