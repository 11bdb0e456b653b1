// SPDX-License-Identifier: Apache-2.0
// Time of attention on the CPU device, forward and backward, causal and not:
//   bench-attention [THREADS [BATCH HEADS SEQUENCE HEAD_SIZE]]
// heads side by side in a row, as projections leave them. Medians of 15 calls
// in milliseconds; attention.py beside this file prints PyTorch's.
#include "mptrt/Device.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

using namespace mptrt;

namespace {

struct Problem {
  int64_t batch = 4, heads = 12, sequence = 256, size = 64;
  int64_t elements() const { return batch * heads * sequence * size; }
};

Attention makeShape(const Problem &p, bool causal) {
  Attention n;
  n.batch = p.batch, n.heads = n.groups = p.heads;
  n.rows = n.keys = p.sequence, n.size = n.valueSize = p.size;
  n.scale = 0.125;
  n.causal = causal;
  int64_t row = p.heads * p.size;
  for (Attention::Strides *s :
       {&n.queryStrides, &n.keyStrides, &n.valueStrides, &n.outputStrides,
        &n.dOutputStrides, &n.dQueryStrides, &n.dKeyStrides, &n.dValueStrides})
    *s = {p.sequence * row, p.size, row};
  return n;
}

double median(Device &device, const Attention &n, const AttentionOperands &o) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  for (int i = 0; i < 15; ++i) {
    auto begin = Clock::now();
    if (!device.attention(Stream::Compute, n, o).ok())
      std::exit(1);
    times.push_back(
        std::chrono::duration<double, std::milli>(Clock::now() - begin)
            .count());
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

} // namespace

int main(int count, char **words) {
  auto number = [&](int i, int64_t otherwise) {
    return i < count ? std::atoll(words[i]) : otherwise;
  };
  Problem p;
  p.batch = number(2, p.batch), p.heads = number(3, p.heads);
  p.sequence = number(4, p.sequence), p.size = number(5, p.size);
  DeviceOptions options;
  options.threads = static_cast<int>(number(1, 2));
  options.gemm32 = false;
  std::unique_ptr<Device> device;
  if (!findDevice("cpu")->create(options, &device).ok())
    return 1;
  std::vector<std::vector<float>> data(10);
  for (size_t i = 0; i < data.size(); ++i)
    for (int64_t j = 0; j < p.elements(); ++j)
      data[i].push_back(
          static_cast<float>((j * 2654435761 + int64_t(i)) % 1000) / 500 - 1);
  AttentionOperands o{data[0].data(), data[1].data(), data[2].data(),
                      nullptr,        data[4].data(), data[5].data(),
                      data[6].data(), data[7].data(), data[8].data(),
                      data[9].data()};
  for (bool causal : {true, false}) {
    Attention n = makeShape(p, causal);
    double forward = median(*device, n, o);
    n.gradient = true;
    double backward = median(*device, n, o);
    std::printf("%-6s forward %8.2f ms  backward %8.2f ms\n",
                causal ? "causal" : "full", forward, backward);
  }
  return 0;
}
