"""The command line: streams, formats, files, and what happens when something goes wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from modelcheck import checker
from modelcheck.commands import arguments
from modelcheck.cli import main
from modelcheck.reports.json import schema
from tests.specs import IMPORTS, written

ROOT = Path(__file__).resolve().parent.parent


def command(*arguments: str, cwd: Path = ROOT, **more) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "modelcheck.cli", *arguments],
        cwd=cwd, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}, **more,
    )  # fmt: skip


# --- JSON -------------------------------------------------------------------------------------------------------------

CHECKS = {
    "holds": ("counter", [], 0, "holds"),
    "violated": ("counter", ["-D", "bound=3"], 12, "violated"),
    "deadlock": ("locks", [], 11, "violated"),
    "assertion": ("asserts", [], 14, "violated"),
    "evaluation error": ("overflows", [], 75, "error"),
    "incomplete": ("counter", ["--max-depth", "2"], 20, "incomplete"),
    "constraint": ("constrained", [], 20, "incomplete"),
    "vacuous": ("counter", ["-D", "guard=19"], 21, "vacuous"),
    "notes": ("unused", [], 0, "holds"),
    "assumption": ("assumes", ["-D", "limit=0"], 10, "error"),
    "usage": ("counter", ["--property", "x"], 1, "error"),
    "flag": ("counter", ["--nonsense"], 1, "error"),
    "temporal": ("temporal", [], 0, "holds"),
    "lasso": ("unfair", [], 13, "violated"),
    "unsound": ("cut", [], 1, "error"),
}


@pytest.mark.parametrize("spec, arguments, code, verdict", CHECKS.values(), ids=CHECKS.keys())
def test_one_json_object_and_nothing_else(
    tmp_path: Path, capsys, spec: str, arguments: list[str], code: int, verdict: str
) -> None:
    assert main(["check", str(written(tmp_path, spec)), "--format", "json", *arguments]) == code
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, schema())
    assert (told["exit_code"], told["verdict"], told["format"]) == (code, verdict, "modelcheck/1")


def test_json_of_a_violation(tmp_path: Path, capsys) -> None:
    main(["check", str(written(tmp_path, "counter")), "-D", "bound=2", "-D", "limit=4", "--format=json"])
    told = json.loads(capsys.readouterr().out)
    assert told["constants"] == {"bound": 2, "guard": 0, "limit": 4, "rest": True}
    assert (told["property"], told["kind"]) == ("bounded", "invariant")
    assert told["trace"]["length"] == 3 and told["trace"]["loop"] is None
    assert [step["state"] for step in told["trace"]["steps"]] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert told["trace"]["steps"][0]["action"] == "init"
    by_name = {p["name"]: p for p in told["properties"]}
    assert by_name["bounded"]["trace"]["length"] == 3 and by_name["never_negative"]["trace"] is None


def test_json_of_a_missing_file_and_of_mistakes(tmp_path: Path, capsys) -> None:
    assert main(["check", str(tmp_path / "none.py"), "--format", "json"]) == 255
    assert json.loads(capsys.readouterr().out)["exit_code"] == 255
    assert main(["check", str(written(tmp_path, "broken", text="class A(Spec)\n")), "--format", "json"]) == 150
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, schema())
    assert told["verdict"] == "error" and told["diagnostics"][0]["place"].endswith("broken.py:4:14")


def test_json_of_processes(tmp_path: Path, capsys) -> None:
    main(["check", str(written(tmp_path, "locks")), "--format", "json"])
    last = json.loads(capsys.readouterr().out)["trace"]["steps"][-1]
    assert last["state"] == {"a": True, "b": True, "pc": {"left": "take b", "right": "take a"}}
    assert {"process", "label", "args", "chosen"} <= last.keys()


# --- text -------------------------------------------------------------------------------------------------------------


def test_the_lines_that_people_grep_for(tmp_path: Path, capsys) -> None:
    main(["check", str(written(tmp_path, "counter"))])
    out = capsys.readouterr().out
    assert "\n7 states generated, 6 distinct states found, 0 states left on queue.\n" in out
    assert "\nThe depth of the complete state graph search is 6.\n" in out


def test_no_colour_and_no_progress_but_on_a_terminal(tmp_path: Path) -> None:
    run = command("check", str(written(tmp_path, "counter")), "-D", "bound=3")
    assert "\x1b" not in run.stdout and run.stderr == ""


def test_quiet_leaves_the_figures_out(tmp_path: Path, capsys) -> None:
    main(["check", str(written(tmp_path, "counter")), "-q"])
    assert "states generated" not in capsys.readouterr().out


def test_coverage_counts_the_steps(tmp_path: Path, capsys) -> None:
    main(["check", str(written(tmp_path, "counter")), "--coverage"])
    counted = {line.split("|")[1].strip(): line.split("|")[0].split() for line in capsys.readouterr().out.splitlines()
               if "|" in line and line.split("|")[0].strip()}  # fmt: skip
    assert counted == {"def up(self):": ["5"], "def stay(self):": ["1"]}


@pytest.mark.parametrize(
    "text, value", [("4G", 4 << 30), ("512M", 512 << 20), ("1.5k", 1536), ("100", 100), ("2GiB", 2 << 30), ("1kb", 1024)]
)
def test_sizes(text: str, value: int) -> None:
    assert arguments.Size().convert(text, None, None) == value


@pytest.mark.parametrize("text, value", [("90s", 90), ("5m", 300), ("2h", 7200), ("1.5", 1.5), ("250ms", 0.25)])
def test_times(text: str, value: float) -> None:
    assert arguments.Duration().convert(text, None, None) == pytest.approx(value)


# --- what goes wrong --------------------------------------------------------------------------------------------------

USAGE = {
    "no verb of ours": ["chekc", "x.py"],
    "no spec": ["check"],
    "an unknown flag": ["check", "SPEC", "--deadlock"],
    "a constant without a value": ["check", "SPEC", "-D", "limit"],
    "a constant of the wrong type": ["check", "SPEC", "-D", "limit=many"],
    "no size": ["check", "SPEC", "--memory-limit", "lots"],
    "no time": ["check", "SPEC", "--time-limit", "soon"],
    "no number": ["check", "SPEC", "--max-states", "many"],
    "an unknown format": ["check", "SPEC", "--format", "xml"],
    "an unknown class": ["check", "SPEC:Contour"],
    "an unknown back end": ["check", "SPEC", "--backend", "cobol"],
    "nothing to run": ["gate", "SPEC"],
    "no file to write": ["graph", "SPEC"],
    "no kind of graph": ["graph", "SPEC", "-o", "graph.jpeg"],
    "no trace": ["replay"],
}


@pytest.mark.parametrize("arguments", USAGE.values(), ids=USAGE.keys())
def test_usage_errors_exit_with_1(tmp_path: Path, capsys, arguments: list[str]) -> None:
    path = str(written(tmp_path, "counter"))
    assert main([a.replace("SPEC", path) for a in arguments]) == 1
    out, err = capsys.readouterr()
    assert err and "Traceback" not in err


@pytest.mark.parametrize("arguments", [["check", "no.py"], ["gate", "no.py"], ["replay", "no.itf.json"], ["show", "no.py"]])
def test_missing_files_exit_with_255(tmp_path: Path, monkeypatch, capsys, arguments: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 255
    assert "no." in capsys.readouterr().err


def broken(*_: object) -> None:
    raise ZeroDivisionError("ours")


def test_our_own_mistakes(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(checker, "check_spec", broken)
    path = str(written(tmp_path, "counter"))
    assert main(["check", path]) == 255
    err = capsys.readouterr().err
    assert "internal error" in err and "not in your spec" in err and "Traceback" not in err
    assert main(["check", path, "-v"]) == 255
    assert "Traceback" in capsys.readouterr().err


def test_out_of_memory_is_the_machines(tmp_path: Path, monkeypatch, capsys) -> None:
    def exhausted(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(checker, "check_spec", exhausted)
    assert main(["check", str(written(tmp_path, "counter"))]) == 255
    assert "machine" in capsys.readouterr().err


def test_a_reader_who_has_read_enough(tmp_path: Path) -> None:
    path = written(tmp_path, "counter")
    script = f"{sys.executable} -m modelcheck.cli check {path} --coverage -v; echo code $? >&2"
    run = subprocess.run(["bash", "-c", f"( {script} ) | true"], cwd=ROOT, capture_output=True, text=True)
    assert run.stderr.split() == ["code", "0"]


def test_a_folder_in_place_of_a_spec(tmp_path: Path, capsys) -> None:
    assert main(["check", str(tmp_path)]) in (1, 255)
    assert "Traceback" not in capsys.readouterr().err


# --- the other verbs --------------------------------------------------------------------------------------------------


def test_simulate_never_says_that_anything_holds(tmp_path: Path, capsys) -> None:
    path = str(written(tmp_path, "counter"))
    assert main(["simulate", path, "--steps", "30"]) == 20
    assert "no violation" in capsys.readouterr().out
    assert main(["simulate", path, "-D", "bound=3", "--seed", "7"]) == 12
    first = capsys.readouterr().out
    assert main(["simulate", path, "-D", "bound=3", "--seed", "7"]) == 12
    assert capsys.readouterr().out == first


def test_simulate_leaves_temporal_properties_out(tmp_path: Path) -> None:
    assert main(["simulate", str(written(tmp_path, "temporal")), "--steps", "10"]) == 20


@pytest.mark.parametrize("suffix", ["dot", "graphml"])
def test_graph(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"graph.{suffix}"
    assert main(["graph", str(written(tmp_path, "counter")), "-o", str(out), "-D", "bound=3"]) == 0
    assert out.stat().st_size > 100


def test_show(tmp_path: Path, capsys) -> None:
    assert main(["show", str(written(tmp_path, "counter"))]) == 0
    assert "bounded" in capsys.readouterr().out


def test_a_trace_is_saved_and_replayed_from_anywhere(tmp_path: Path, monkeypatch, capsys) -> None:
    path, trace = written(tmp_path, "locks"), tmp_path / "deep" / "er" / "t.itf.json"
    monkeypatch.chdir(tmp_path)
    assert main(["check", path.name, "--save", str(trace)]) == 11
    data = json.loads(trace.read_text())
    assert data["#meta"]["source"] == "../../locks.py" and "loop" not in data
    assert data["vars"] == ["a", "b", "pc"]
    before = trace.read_bytes()
    assert main(["check", path.name, "--save", str(trace)]) == 11
    assert trace.read_bytes() == before
    monkeypatch.chdir(trace.parent)
    assert main(["replay", trace.name]) == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["states"][1].update(a=7),
        lambda d: d["states"][1].pop("a"),
        lambda d: d["vars"].append("c"),
        lambda d: d["states"][0].update(a=True),
        lambda d: d["states"].pop(),
        lambda d: d["states"][1]["#meta"].update(action="left: nothing"),
        lambda d: d["#meta"].update(constants={"gone": True}),
        lambda d: d["#meta"].update(spec="Gone"),
        lambda d: d["states"][1]["pc"].update(left="nowhere"),
    ],
    ids=["type", "missing", "names", "initial", "short", "action", "constant", "class", "place"],
)
def test_a_trace_that_does_not_fit_any_more(tmp_path: Path, change) -> None:
    path, trace = written(tmp_path, "locks"), tmp_path / "t.itf.json"
    assert main(["check", str(path), "--save", str(trace)]) == 11
    data = json.loads(trace.read_text())
    change(data)
    trace.write_text(json.dumps(data))
    assert main(["replay", str(trace)]) == 22


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"vars": 3, "states": 4}', "{" * 5000, '{"vars": ["n"], "states": []}'])
def test_a_file_that_is_no_trace(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.itf.json"
    path.write_text(text)
    assert main(["replay", str(path)]) == 1


def test_a_spec_beside_another(tmp_path: Path) -> None:
    two = IMPORTS + "\n\nclass One(Spec):\n    n = Bool(init=True)\n\n\nclass Two(Spec):\n    n = Bool(init=True)\n"
    path = tmp_path / "two.py"
    path.write_text(two)
    assert main(["check", str(path)]) == 1
    assert main(["check", f"{path}:Two", "--no-deadlock"]) == 21  # there are no steps
