// SPDX-License-Identifier: Apache-2.0
// Attention of the CPU device, as a list of independent items. Which items
// there are depends on the team's size, the numbers they compute do not.
#ifndef MPTRT_DEVICE_CPU_CPUATTENTION_H
#define MPTRT_DEVICE_CPU_CPUATTENTION_H

#include "mptrt/Device.h"

namespace mptrt {

/// Refuses shapes that attention cannot have, with the numbers.
Status checkAttention(const Attention &shape);

int64_t countAttentionItems(const Attention &shape, int threads);
/// Bytes that one item needs at a multiple of 64, its own.
size_t attentionScratchBytes(const Attention &shape);
/// One item, on the calling thread.
void computeAttentionItem(const Attention &shape,
                          const AttentionOperands &operands, int threads,
                          int64_t item, void *scratch);

} // namespace mptrt

#endif // MPTRT_DEVICE_CPU_CPUATTENTION_H
