# SPDX-License-Identifier: Apache-2.0
"""PyTorch's scaled_dot_product_attention on the problem of attention.cpp:

    attention.py [THREADS [BATCH HEADS SEQUENCE HEAD_SIZE]]

Needs a Python with torch. Medians of 15 calls in milliseconds.
"""
import statistics
import sys
import time

import torch


def measure(batch, heads, sequence, size, causal):
    def tensor():
        return torch.randn(batch, sequence, heads, size).transpose(1, 2)

    q, k, v = (tensor().requires_grad_() for _ in range(3))
    dy, forward, backward = tensor(), [], []
    for _ in range(15):
        begin = time.perf_counter()
        y = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
        middle = time.perf_counter()
        torch.autograd.grad(y, (q, k, v), dy)
        forward.append(middle - begin)
        backward.append(time.perf_counter() - middle)
    return 1e3 * statistics.median(forward), 1e3 * statistics.median(backward)


def main():
    words = [int(w) for w in sys.argv[1:]]
    torch.set_num_threads(words[0] if words else 2)
    for causal in (True, False):
        forward, backward = measure(*(words[1:] or (4, 12, 256, 64)), causal)
        print(f"{'causal' if causal else 'full':6} forward {forward:8.2f} ms  backward {backward:8.2f} ms")


if __name__ == "__main__":
    main()
