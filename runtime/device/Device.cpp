// SPDX-License-Identifier: Apache-2.0
// What all devices share: element types, stream names, owned memory.
#include "mptrt/Device.h"

#include <sched.h>

namespace mptrt {

size_t dtypeSize(DType dtype) {
  switch (dtype) {
  case DType::F64:
  case DType::I64:
    return 8;
  case DType::F32:
  case DType::I32:
    return 4;
  case DType::BF16:
  case DType::F16:
    return 2;
  case DType::I8:
  case DType::U8:
  case DType::I1:
    return 1;
  }
  return 0;
}

const char *dtypeName(DType dtype) {
  switch (dtype) {
  case DType::F32:
    return "f32";
  case DType::F64:
    return "f64";
  case DType::I64:
    return "i64";
  case DType::I32:
    return "i32";
  case DType::I8:
    return "i8";
  case DType::U8:
    return "u8";
  case DType::I1:
    return "i1";
  case DType::BF16:
    return "bf16";
  case DType::F16:
    return "f16";
  }
  return "?";
}

const char *streamName(Stream stream) {
  switch (stream) {
  case Stream::Compute:
    return "compute";
  case Stream::Comm:
    return "comm";
  case Stream::Copy:
    return "copy";
  }
  return "?";
}

Device::~Device() = default;

Status Device::synchronize() {
  Status first;
  for (int i = 0; i < streamCount; ++i) {
    Status status = synchronize(static_cast<Stream>(i));
    if (first.ok())
      first = status;
  }
  return first;
}

DeviceMemory &DeviceMemory::operator=(DeviceMemory &&other) noexcept {
  if (this == &other)
    return *this;
  release();
  device = std::exchange(other.device, nullptr);
  memory = std::exchange(other.memory, DevicePtr());
  bytes = std::exchange(other.bytes, 0);
  return *this;
}

Status DeviceMemory::allocate(Device &device, size_t bytes, size_t alignment,
                              DeviceMemory *out) {
  DeviceMemory fresh;
  MPTRT_TRY(device.allocate(bytes, alignment, &fresh.memory));
  fresh.device = &device;
  fresh.bytes = bytes;
  *out = std::move(fresh);
  return Status();
}

void DeviceMemory::release() {
  // A device that cannot free has nobody left to tell.
  if (device && memory)
    (void)device->free(memory);
  device = nullptr;
  memory = DevicePtr();
  bytes = 0;
}

int usableCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0)
    return 1;
  int count = CPU_COUNT(&set);
  return count > 0 ? count : 1;
}

} // namespace mptrt
