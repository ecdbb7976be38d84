"""Stands in for get-pip.py, which ansible-test fetches from a host of its own that a closed network lacks.

Called as get-pip.py is, with pip's arguments; brings pip from Python's own ensurepip instead. In processes of
their own, because a pip that is being replaced must not be loaded.
"""
import subprocess
import sys

ONLY_GET_PIP = ("--no-setuptools", "--no-wheel")

subprocess.run([sys.executable, "-m", "ensurepip"], check=True)
subprocess.run([sys.executable, "-m", "pip", "install", *(word for word in sys.argv[1:] if word not in ONLY_GET_PIP)], check=True)
