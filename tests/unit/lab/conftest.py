"""The lab's own code, in reach of its tests."""
import sys
from pathlib import Path

LAB = Path(__file__).resolve().parents[2] / "lab"
for folder in (LAB / "traffic", LAB):
    sys.path.insert(0, str(folder))
