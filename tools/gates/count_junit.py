"""Print the counts of a JUnit file: count_junit.py GATE FILE."""
import sys
import xml.etree.ElementTree

gate, path = sys.argv[1:]
suite = xml.etree.ElementTree.parse(path).getroot().find("testsuite")
total, skipped = int(suite.get("tests")), int(suite.get("skipped"))
failed = int(suite.get("failures")) + int(suite.get("errors"))
print(f"{gate}: {total - failed - skipped} passed, {failed} failed, {skipped} skipped")
