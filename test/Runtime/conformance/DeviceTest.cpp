// SPDX-License-Identifier: Apache-2.0
// The device suite over every device.
#include "DeviceSuite.h"

namespace mptrt::test {

INSTANTIATE_TEST_SUITE_P(AllDevices, DeviceSuite,
                         ::testing::ValuesIn(suiteDevices()),
                         [](const auto &info) { return info.param; });

} // namespace mptrt::test
