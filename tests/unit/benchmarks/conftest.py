"""The benchmarks' own code and the lab's, in reach of their tests."""
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]
for folder in (TESTS / "lab", TESTS / "benchmarks"):
    sys.path.insert(0, str(folder))
