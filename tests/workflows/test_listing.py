from lensmith.data import BUILTINS
from lensmith.runs import Run
from lensmith.workflows.listing import dataset_rows, run_rows


def test_every_built_in_data_set_is_listed():
    assert [row["name"] for row in dataset_rows()] == list(BUILTINS)


def test_a_run_is_listed_with_its_state_and_accuracy(tiny_run: Run):
    (row,) = run_rows(tiny_run.path.parent)
    assert row["state"] == "finished"
    assert row["test_accuracy"] == tiny_run.info["result"]["test"]["accuracy"]
