"""How weights are made: train, merge, quantise, export. Folder in, folder out; knows no exam, judge or
result.
"""
