# SPDX-License-Identifier: Apache-2.0
"""Every mutant of a collective or transfer is caught by the comparison of plans (bars S6, T3)."""
import re

import pytest
from mutations import mutants
from programs import Trained, mptc, training_flags

# A maximum of maxima is the maximum; ranks may swap what is equal on all of them (a tied gradient
# is swapped once it is summed).
HARMLESS = re.compile(r"double: .*all_reduce max|swap tp: .*_WGT|swap .*received (totals|.*[.]tie)")
MESH = "dp=2,tp=2,pp=2"
WANTED = ("all_reduce sum over tp", "all_reduce max over tp", "all_reduce sum over dp", "_F: received",
          "_B: received", "received totals")


@pytest.mark.parametrize("name,also", (("mlp-digits", ()), ("decoder", ("received wte.tie",))))
def test_mutants_are_caught(name, also, find_case, tmp_path):
    of = find_case(name)
    module = tmp_path / "localize.mlir"
    mptc(of.model, "-o", module, "--stop-after=localize", *training_flags(of), f"--mesh={MESH}",
         "--microbatches=2", "--clip=0.1")  # so that the clip is active

    def train(label, text):
        """The run of a mutant; None if the compiler or the run refuses it."""
        folder = tmp_path / str(len(labels))
        folder.mkdir()
        (folder / "m.mlir").write_text(text)
        result = mptc(folder / "m.mlir", "-o", folder / "program", "--start-after=localize", ok=label == "true")
        if result.returncode:
            return None, result.stderr.strip().splitlines()[0]
        try:
            return Trained(folder / "program", of, folder, steps=3), ""
        except AssertionError as error:
            return None, str(error)[:200]

    text = module.read_text()
    caught, missed, labels = [], [], []
    truth, _ = train("true", text)
    for label, mutant in mutants(text):
        labels.append(label)
        run, refused = train(label, mutant)
        differs = run is None or bool(run.difference(truth))
        (caught if differs else missed).append(label)
        print(f"{'caught' if differs else 'MISSED'}  {label}  {refused}")
    print(f"{len(caught)} of {len(labels)} mutants caught")
    for wanted in WANTED + also:
        assert any(wanted in label for label in labels), f"no mutant of '{wanted}'"
    assert not [label for label in missed if not HARMLESS.search(label)], missed
