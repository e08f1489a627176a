"""A made-up Swedish region: units, staff, patients and two years of their care, from a seed.

Pure: the same size, seed and last day give the same resources, byte for byte. Patient ``n`` is
made from the seed and ``n`` alone, so that several processes can each make a part.
"""
