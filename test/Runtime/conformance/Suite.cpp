// SPDX-License-Identifier: Apache-2.0
// What the suites are run over: every row of backends.def.
#include "Suite.h"

namespace mptrt::test {

static void scale(void **args, int64_t begin, int64_t end) {
  float factor;
  std::memcpy(&factor, &args[2], sizeof(factor));
  for (int64_t i = begin; i < end; ++i)
    static_cast<float *>(args[1])[i] =
        factor * static_cast<const float *>(args[0])[i];
}

KernelImage suiteKernel(const std::string &device, const char *name) {
  // Both devices of today run functions of this process.
  bool isHost = device == "cpu" || device == "dummy";
  return {name, isHost ? reinterpret_cast<const void *>(scale) : nullptr, 0};
}

static std::vector<std::string> split(const std::string &names) {
  std::vector<std::string> result;
  for (size_t at = 0; at <= names.size();) {
    size_t comma = std::min(names.find(", ", at), names.size());
    result.push_back(names.substr(at, comma - at));
    at = comma + 2;
  }
  return result;
}

std::vector<std::string> suiteDevices() { return split(deviceNames()); }

std::vector<std::string> suiteCommunicators() {
  std::vector<std::string> result;
  for (const std::string &name : split(communicatorNames()))
    if (!findCommunicator(name)->launched)
      result.push_back(name);
  return result;
}

LaunchResult suiteLaunch(const std::string &communicator,
                         const LaunchOptions &options,
                         const RankFunction &function) {
  return findCommunicator(communicator)->launch(options, function);
}

} // namespace mptrt::test
