# SPDX-License-Identifier: MIT
"""Prints number_powers.h: the powers of ten that number.c needs to print doubles."""

FIRST, LAST = -292, 324


def significand(exponent):
    """The 128 leading bits of 10**exponent, rounded up."""
    numerator, denominator = (10**exponent, 1) if exponent >= 0 else (1, 10**-exponent)
    shift = 128 - (numerator.bit_length() - denominator.bit_length())
    while True:
        top = numerator << shift if shift >= 0 else numerator
        bottom = denominator if shift >= 0 else denominator << -shift
        value = -(-top // bottom)
        floor = top // bottom
        if floor.bit_length() == 128:
            return value
        shift += 1 if floor.bit_length() < 128 else -1


print("/* SPDX-License-Identifier: MIT */")
print("/* clang-format off */")
print("/* Made by number_powers.py: 10**k for k from %d to %d, 128 bits each, rounded up. */"
      % (FIRST, LAST))
for k in range(FIRST, LAST + 1):
    bits = significand(k)
    print("{ 0x%016Xu, 0x%016Xu }," % (bits >> 64, bits & (2**64 - 1)))
