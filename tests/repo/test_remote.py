"""Where a browser finds what was pushed."""

import pytest

from samovar.repo.remote import page


@pytest.mark.parametrize(
    ("url", "there"),
    [
        ("https://git.test/o/r.git", "https://git.test/o/r/src/branch/samovar/x"),
        ("http://me:secret@git.test:3000/o/r", "http://git.test:3000/o/r/src/branch/samovar/x"),
        ("ssh://git@git.test:2222/o/r.git/", "https://git.test/o/r/src/branch/samovar/x"),
        ("git@git.test:o/r.git", "https://git.test/o/r/src/branch/samovar/x"),
        ("git@git.test:/o/My%20r.git", "https://git.test/o/My%20r/src/branch/samovar/x"),
        ("ssh://git@[::1]:22/o/r", "https://[::1]/o/r/src/branch/samovar/x"),
        ("https://github.com/o/r", "https://github.com/o/r/tree/samovar/x"),
        ("/srv/r.git", ""),
        ("file:///srv/r.git", ""),
    ],
)
def test_a_pushed_branch_has_a_page_where_its_remote_has_pages(url, there):
    assert page(url, "samovar/x") == there
