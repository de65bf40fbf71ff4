"""The most likely mistakes of an installation, each found by a pure check over facts that were read once.

`facts` is what there is to go by, `diagnosis` what a check says. What is read, and how, is `jobs.checkup`'s
business.
"""
