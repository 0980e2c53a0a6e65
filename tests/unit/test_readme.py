"""The example of the library in README.md gives what is printed there."""

import doctest
import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_the_example_in_the_readme():
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    test = doctest.DocTestParser().get_doctest(example, {}, "README.md", None, 0)
    outcome = doctest.DocTestRunner().run(test)
    assert outcome.attempted > 5
    assert outcome.failed == 0
