// SPDX-License-Identifier: Apache-2.0
// The device suites over every device.
#include "AttentionSuite.h"

namespace mptrt::test {

INSTANTIATE_TEST_SUITE_P(AllDevices, DeviceSuite,
                         ::testing::ValuesIn(suiteDevices()),
                         [](const auto &info) { return info.param; });

INSTANTIATE_TEST_SUITE_P(AllDevices, AttentionSuite,
                         ::testing::ValuesIn(suiteDevices()),
                         [](const auto &info) { return info.param; });

} // namespace mptrt::test
