"""What only CI adds: Helm's library, Kubernetes' schemas, and what reads the files of nightly runs."""

import os
from importlib.util import find_spec

NEEDED = {"test_chart.py": "helm_python", "test_schedule.py": "kubernetes_validate", "test_nightly.py": "croniter"}
collect_ignore = [test for test, library in NEEDED.items() if not find_spec(library)]
if "OFFSWITCH_TEST_PACKAGES" not in os.environ:
    collect_ignore.append("test_nightly.py")
