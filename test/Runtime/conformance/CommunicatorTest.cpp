// SPDX-License-Identifier: Apache-2.0
// The communicator suite over every communicator on every device.
#include "CommunicatorSuite.h"

namespace mptrt::test {

INSTANTIATE_TEST_SUITE_P(
    AllCommunicators, CommunicatorSuite,
    ::testing::Combine(::testing::ValuesIn(suiteCommunicators()),
                       ::testing::ValuesIn(suiteDevices())),
    [](const auto &info) {
      return std::get<0>(info.param) + "_on_" + std::get<1>(info.param);
    });

} // namespace mptrt::test
