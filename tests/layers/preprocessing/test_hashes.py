"""Are FarmHash64 and SipHash the numbers that TensorFlow computes, for every length of string?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchkeras_layer.layers.preprocessing.string_hashes import fingerprints, sip_hashes

# What `tf.strings.to_hash_bucket_fast` and `_strong` (key 1, 2) give modulo 2**62 for the bytes 0, 7, 14, … (modulo
# 256) of each length.
FARM = {
    0: 1936946117179621455,
    1: 4494688008148699988,
    2: 3713569988169443241,
    3: 3225035365289182248,
    4: 365121004050576997,
    5: 2251359278607051727,
    7: 1123016345076934235,
    8: 2037891737372276647,
    9: 4162435510252670196,
    15: 954860331974991495,
    16: 4301628150755241371,
    17: 2691913911681613940,
    24: 2818235109509254926,
    31: 3692271659337506713,
    32: 764915578794662492,
    33: 4270527518038761543,
    48: 4142760582267703430,
    63: 16054428070569030,
    64: 2325104078259550602,
    65: 1750252573709625707,
    100: 1786504463739393525,
    127: 2773666245838015522,
    128: 2861393397590574203,
    129: 3220739459477131867,
    192: 970035795705096560,
    193: 2657013290278987538,
    255: 132493455911230037,
    256: 2882244299535431459,
    1000: 1529728316342999935,
}
SIP = {
    0: 443797209252341627,
    1: 4575515398581416406,
    2: 1131476302895335137,
    3: 1928571777586301841,
    4: 1402240978719913083,
    5: 2447312486940691814,
    7: 1386875956983328187,
    8: 2118107400387034214,
    9: 2959011354137970814,
    15: 222058083896805106,
    16: 1417390909697027230,
    17: 2546884093999807847,
    24: 4003081935239670867,
    31: 2579150943863690596,
    32: 2496905548284139303,
    33: 1291009695719901245,
    48: 2370869949799665372,
    63: 4153855529327567200,
    64: 2609217183110401564,
    65: 683845601529922810,
    100: 3305326888033549080,
    127: 2161786033480739097,
    128: 2324050068751685855,
    129: 1918230071849735689,
    192: 3297041780273382588,
    193: 175173957792613355,
    255: 311337325648461882,
    256: 2464757544533972308,
    1000: 4485237821496307513,
}


def _string(length: int) -> bytes:
    return bytes(7 * place % 256 for place in range(length))


@pytest.mark.parametrize("length", FARM)
def test_hashes_are_those_of_tensorflow(length):
    assert int(fingerprints([_string(length)])[0]) % 2**62 == FARM[length]
    assert int(sip_hashes([_string(length)], (1, 2))[0]) % 2**62 == SIP[length]


def test_sip_hash_gives_the_number_in_the_paper():
    """Appendix A: the key 00 01 … 0f and the message 00 01 … 0e."""
    key = (0x0706050403020100, 0x0F0E0D0C0B0A0908)
    assert int(sip_hashes([bytes(range(15))], key)[0]) == 0xA129CA6149BE45E5


@given(st.lists(st.binary(max_size=200), max_size=8))
def test_many_strings_at_once_are_hashed_as_one_by_one(strings):
    assert fingerprints(strings).tolist() == [int(fingerprints([one])[0]) for one in strings]
    assert sip_hashes(strings, (3, 2**63)).tolist() == [int(sip_hashes([one], (3, 2**63))[0]) for one in strings]
    assert fingerprints(strings).dtype == np.uint64
