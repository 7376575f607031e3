"""Has valgrind's memcheck follow secrets through examples/ctgrind.rs, and judges what it reports.

    follow.py PROGRAM [CASE...]

A report is allowed if the line of this crate's source where it happens is listed in public.txt: a decision whose
outcome is public. Anything else fails, and so does a run in which the leaks made on purpose are not reported.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
# valgrind 3.19 knows neither GFNI nor AVX-512.
KERNELS = ["portable", "aesni-avx2"]


def reports(program, kernel, cases):
    """Each error as (kind, frames); a frame is (path within the crate or None, line, function)."""
    with tempfile.NamedTemporaryFile(suffix=".xml") as file:
        command = ["valgrind", "--xml=yes", f"--xml-file={file.name}", "--num-callers=40", "--read-inline-info=yes"]
        run = subprocess.run([*command, program, *cases], env={**os.environ, "QIANMO_SM4_KERNEL": kernel})
        if run.returncode != 0:
            sys.exit(f"{program} {' '.join(cases)} failed under valgrind with {kernel}")
        for error in xml.parse(file.name).getroot().iter("error"):
            yield error.findtext("kind"), [frame(each) for each in error.find("stack").iter("frame")]


def frame(element):
    path = pathlib.PurePath(element.findtext("dir", ""), element.findtext("file", ""))
    # Cargo compiles this crate from the workspace's folder, so its paths are relative to that or absolute.
    parts = path.parts
    inside = None
    if "crypto" in parts:
        candidate = SOURCE.joinpath(*parts[len(parts) - parts[::-1].index("crypto"):])
        inside = candidate if candidate.is_file() else None
    return inside, int(element.findtext("line", "0")), element.findtext("fn", "?")


def allowed():
    lines = (HERE / "public.txt").read_text(encoding="utf-8").splitlines()
    return {tuple(line.split(": ", 1)) for line in lines if line and not line.startswith("#")}


def place(frames):
    """The innermost line of this crate: its file and its text."""
    for path, line, _ in frames:
        if path:
            return str(path.relative_to(SOURCE)), path.read_text(encoding="utf-8").splitlines()[line - 1].strip()
    return "elsewhere", frames[0][2]


def main(program, cases):
    leaks = {kind for kind, _ in reports(program, "portable", ["leak"])}
    if not {"UninitCondition", "UninitValue"} <= leaks:
        sys.exit(f"of the leaks made on purpose only these were reported: {leaks}")
    public, used, failures = allowed(), set(), set()
    for kernel in KERNELS:
        for kind, frames in reports(program, kernel, cases):
            found = place(frames)
            (used if kind == "UninitCondition" and found in public else failures).add(found)
            if found in failures:
                print(f"{kernel}: {kind} at {found[0]}: {found[1]}  (in {frames[0][2]})")
        print(f"{kernel}: followed")
    if not cases:
        for path, line in sorted(public - used):
            print(f"public.txt lists what is not reported any more: {path}: {line}")
    print(f"{len(used)} decisions with public outcomes, {len(failures)} other branches or addresses from secrets")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else __doc__)
