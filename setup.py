"""Where is the metadata? In setup.cfg; this file is for tools that still look for a setup.py."""

from setuptools import setup

setup()
