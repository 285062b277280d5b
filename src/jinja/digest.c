/* SPDX-License-Identifier: MIT */
/*
 * MD5 (RFC 1321), SHA-1 and the SHA-2 family (FIPS 180-4).
 *
 * All of them cut the message into blocks, pad it with 0x80, zeros and its length in bits,
 * and stir each block into a small state; they differ in the stirring.
 */
#include "jinja/digest.h"

typedef struct algorithm {
    const char *name;
    size_t size;  /* of the digest */
    size_t block; /* 64 or 128 bytes */
    size_t word;  /* 4 or 8 bytes of state are one word */
    bool little;  /* byte order of words and of the length */
    void (*stir)(uint64_t state[8], const unsigned char *block);
    uint64_t start[8];
} algorithm;

static uint32_t rotate_left(uint32_t word, unsigned bits)
{
    return word << bits | word >> (32 - bits);
}

static uint32_t rotate_right(uint32_t word, unsigned bits)
{
    return word >> bits | word << (32 - bits);
}

static uint64_t rotate_right_64(uint64_t word, unsigned bits)
{
    return word >> bits | word << (64 - bits);
}

static uint32_t read_big(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t read_little(const unsigned char *at)
{
    return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

/* ---- MD5 -------------------------------------------------------------------------------- */

static const uint32_t md5_sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613,
    0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193,
    0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d,
    0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed,
    0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122,
    0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
    0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244,
    0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb,
    0xeb86d391,
};

static void stir_md5(uint64_t state[8], const unsigned char *block)
{
    static const unsigned turns[4][4] = {
        {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
    uint32_t a = (uint32_t)state[0];
    uint32_t b = (uint32_t)state[1];
    uint32_t c = (uint32_t)state[2];
    uint32_t d = (uint32_t)state[3];
    for (unsigned i = 0; i < 64; i++) {
        uint32_t mix;
        unsigned at;
        if (i < 16) {
            mix = (b & c) | (~b & d);
            at = i;
        } else if (i < 32) {
            mix = (d & b) | (~d & c);
            at = (5 * i + 1) % 16;
        } else if (i < 48) {
            mix = b ^ c ^ d;
            at = (3 * i + 5) % 16;
        } else {
            mix = c ^ (b | ~d);
            at = 7 * i % 16;
        }
        mix += a + md5_sines[i] + read_little(block + at * 4);
        a = d;
        d = c;
        c = b;
        b += rotate_left(mix, turns[i / 16][i % 4]);
    }
    state[0] = (uint32_t)(state[0] + a);
    state[1] = (uint32_t)(state[1] + b);
    state[2] = (uint32_t)(state[2] + c);
    state[3] = (uint32_t)(state[3] + d);
}

/* ---- SHA-1 ------------------------------------------------------------------------------ */

static void stir_sha1(uint64_t state[8], const unsigned char *block)
{
    uint32_t words[80];
    for (size_t i = 0; i < 16; i++)
        words[i] = read_big(block + i * 4);
    for (size_t i = 16; i < 80; i++)
        words[i] = rotate_left(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);

    uint32_t s[5];
    for (size_t i = 0; i < 5; i++)
        s[i] = (uint32_t)state[i];
    for (size_t i = 0; i < 80; i++) {
        uint32_t mix;
        if (i < 20)
            mix = ((s[1] & s[2]) | (~s[1] & s[3])) + 0x5a827999;
        else if (i < 40)
            mix = (s[1] ^ s[2] ^ s[3]) + 0x6ed9eba1;
        else if (i < 60)
            mix = ((s[1] & s[2]) | (s[1] & s[3]) | (s[2] & s[3])) + 0x8f1bbcdc;
        else
            mix = (s[1] ^ s[2] ^ s[3]) + 0xca62c1d6;
        mix += rotate_left(s[0], 5) + s[4] + words[i];
        s[4] = s[3];
        s[3] = s[2];
        s[2] = rotate_left(s[1], 30);
        s[1] = s[0];
        s[0] = mix;
    }
    for (size_t i = 0; i < 5; i++)
        state[i] = (uint32_t)(state[i] + s[i]);
}

/* ---- SHA-2 ------------------------------------------------------------------------------ */

/* The cube roots of the first 80 primes; SHA-256 takes the upper halves of the first 64. */
static const uint64_t cube_roots[80] = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
    0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
    0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
    0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
    0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
    0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
    0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
    0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
    0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
    0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
    0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
    0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
    0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
    0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
    0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
    0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
    0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

static void stir_sha256(uint64_t state[8], const unsigned char *block)
{
    uint32_t words[64];
    for (size_t i = 0; i < 16; i++)
        words[i] = read_big(block + i * 4);
    for (size_t i = 16; i < 64; i++) {
        uint32_t a = words[i - 15];
        uint32_t b = words[i - 2];
        words[i] = words[i - 16] + words[i - 7] +
                   (rotate_right(a, 7) ^ rotate_right(a, 18) ^ a >> 3) +
                   (rotate_right(b, 17) ^ rotate_right(b, 19) ^ b >> 10);
    }
    uint32_t s[8];
    for (size_t i = 0; i < 8; i++)
        s[i] = (uint32_t)state[i];
    for (size_t i = 0; i < 64; i++) {
        uint32_t e = rotate_right(s[4], 6) ^ rotate_right(s[4], 11) ^ rotate_right(s[4], 25);
        uint32_t a = rotate_right(s[0], 2) ^ rotate_right(s[0], 13) ^ rotate_right(s[0], 22);
        uint32_t one = s[7] + e + ((s[4] & s[5]) ^ (~s[4] & s[6])) +
                       (uint32_t)(cube_roots[i] >> 32) + words[i];
        uint32_t two = a + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += one;
        s[0] = one + two;
    }
    for (size_t i = 0; i < 8; i++)
        state[i] = (uint32_t)(state[i] + s[i]);
}

static void stir_sha512(uint64_t state[8], const unsigned char *block)
{
    uint64_t words[80];
    for (size_t i = 0; i < 16; i++)
        words[i] = (uint64_t)read_big(block + i * 8) << 32 | read_big(block + i * 8 + 4);
    for (size_t i = 16; i < 80; i++) {
        uint64_t a = words[i - 15];
        uint64_t b = words[i - 2];
        words[i] = words[i - 16] + words[i - 7] +
                   (rotate_right_64(a, 1) ^ rotate_right_64(a, 8) ^ a >> 7) +
                   (rotate_right_64(b, 19) ^ rotate_right_64(b, 61) ^ b >> 6);
    }
    uint64_t s[8];
    memcpy(s, state, sizeof s);
    for (size_t i = 0; i < 80; i++) {
        uint64_t e =
            rotate_right_64(s[4], 14) ^ rotate_right_64(s[4], 18) ^ rotate_right_64(s[4], 41);
        uint64_t a =
            rotate_right_64(s[0], 28) ^ rotate_right_64(s[0], 34) ^ rotate_right_64(s[0], 39);
        uint64_t one = s[7] + e + ((s[4] & s[5]) ^ (~s[4] & s[6])) + cube_roots[i] + words[i];
        uint64_t two = a + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += one;
        s[0] = one + two;
    }
    for (size_t i = 0; i < 8; i++)
        state[i] += s[i];
}

/* ---- the frame around them -------------------------------------------------------------- */

static const algorithm algorithms[] = {
    {"md5", 16, 64, 4, true, stir_md5, {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}},
    {"sha1",
     20,
     64,
     4,
     false,
     stir_sha1,
     {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}},
    {"sha224",
     28,
     64,
     4,
     false,
     stir_sha256,
     {0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31, 0x68581511, 0x64f98fa7,
      0xbefa4fa4}},
    {"sha256",
     32,
     64,
     4,
     false,
     stir_sha256,
     {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab,
      0x5be0cd19}},
    {"sha384",
     48,
     128,
     8,
     false,
     stir_sha512,
     {0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
      0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4}},
    {"sha512",
     64,
     128,
     8,
     false,
     stir_sha512,
     {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
      0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179}},
};

static void write_number(unsigned char *at, uint64_t number, size_t size, bool little)
{
    for (size_t i = 0; i < size; i++)
        at[little ? i : size - 1 - i] = (unsigned char)(number >> 8 * i);
}

/* The last one or two blocks: what is left, 0x80, zeros, and the length in bits. */
static void finish(const algorithm *how, uint64_t state[8], creg_slice data)
{
    unsigned char last[256] = {0};
    size_t rest = data.size % how->block;
    size_t length = how->block / 8; /* bytes of the length: 8 or 16 */
    size_t size = rest + 1 + length <= how->block ? how->block : 2 * how->block;
    if (rest > 0)
        memcpy(last, data.data + data.size - rest, rest);
    last[rest] = 0x80;
    write_number(last + size - 8, (uint64_t)data.size * 8, 8, how->little);
    for (size_t at = 0; at < size; at += how->block)
        how->stir(state, last + at);
}

size_t jinja_digest(creg_slice name, creg_slice data, unsigned char out[JINJA_DIGEST_MAX])
{
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        const algorithm *how = &algorithms[i];
        if (!creg_slice_equal(name, creg_slice_of(how->name)))
            continue;
        uint64_t state[8];
        memcpy(state, how->start, sizeof state);
        for (size_t at = 0; at + how->block <= data.size; at += how->block)
            how->stir(state, (const unsigned char *)data.data + at);
        finish(how, state, data);
        for (size_t at = 0; at < how->size; at += how->word)
            write_number(out + at, state[at / how->word], how->word, how->little);
        return how->size;
    }
    return 0;
}
