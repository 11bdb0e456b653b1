// SPDX-License-Identifier: Apache-2.0
// The tables of devices and communicators, from backends.def.
#include "mptrt/Bootstrap.h"

namespace mptrt {

#define MPTRT_DEVICE(NAME, CREATE)                                             \
  Status CREATE(const DeviceOptions &options, std::unique_ptr<Device> *out);
#define MPTRT_COMMUNICATOR(NAME, LAUNCH, LAUNCHED)                             \
  LaunchResult LAUNCH(const LaunchOptions &options,                            \
                      const RankFunction &function);
#include "mptrt/backends.def"

static constexpr DeviceBackend devices[] = {
#define MPTRT_DEVICE(NAME, CREATE) {NAME, CREATE},
#include "mptrt/backends.def"
};

static constexpr CommunicatorBackend communicators[] = {
#define MPTRT_COMMUNICATOR(NAME, LAUNCH, LAUNCHED) {NAME, LAUNCHED, LAUNCH},
#include "mptrt/backends.def"
};

const DeviceBackend *findDevice(const std::string &name) {
  for (const DeviceBackend &backend : devices)
    if (name == backend.name)
      return &backend;
  return nullptr;
}

const CommunicatorBackend *findCommunicator(const std::string &name) {
  for (const CommunicatorBackend &backend : communicators)
    if (name == backend.name)
      return &backend;
  return nullptr;
}

template <typename Table> static std::string namesOf(const Table &table) {
  std::string names;
  for (const auto &backend : table)
    names += (names.empty() ? "" : ", ") + std::string(backend.name);
  return names;
}

std::string deviceNames() { return namesOf(devices); }
std::string communicatorNames() { return namesOf(communicators); }

} // namespace mptrt
