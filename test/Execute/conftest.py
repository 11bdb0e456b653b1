# SPDX-License-Identifier: Apache-2.0
"""Cases that tests make themselves, each written once per session."""
import pytest
import small_transformer
from programs import case


@pytest.fixture(name="find_case", scope="session")
def make_finder(tmp_path_factory):
    """Gives the case of a name: one of test/Models or a kind of small_transformer."""
    made = {}

    def find(name):
        if name not in small_transformer.KINDS:
            return case(name)
        if name not in made:
            made[name] = tmp_path_factory.mktemp(name)
            small_transformer.write_case(made[name], name)
        return case(made[name])

    return find
