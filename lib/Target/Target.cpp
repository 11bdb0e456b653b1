// SPDX-License-Identifier: Apache-2.0
// The table of targets. A test compiles it with a list of its own.
#include "mpt/Target/Target.h"

#ifndef MPT_TARGETS_DEF
#define MPT_TARGETS_DEF "Targets.def"
#endif

using namespace mlir;
using namespace mlir::mpt;

namespace mlir::mpt {
#define MPT_TARGET(NAME) const Target *get##NAME##Target();
#include MPT_TARGETS_DEF
#undef MPT_TARGET
} // namespace mlir::mpt

Target::~Target() = default;

ArrayRef<const Target *> mpt::getTargets() {
  static const Target *const targets[] = {
#define MPT_TARGET(NAME) get##NAME##Target(),
#include MPT_TARGETS_DEF
#undef MPT_TARGET
  };
  return targets;
}

const Target *mpt::findTarget(StringRef name) {
  for (const Target *target : getTargets())
    if (target->getFacts().name == name)
      return target;
  return nullptr;
}

FailureOr<const Target *> mpt::getTarget(ModuleOp module) {
  StringRef name = Config(module).getTarget();
  if (const Target *target = findTarget(name))
    return target;
  std::string names;
  for (const Target *target : getTargets())
    names += (names.empty() ? "" : ", ") + target->getFacts().name;
  return module.emitError()
         << "unknown target '" << name << "'; expected " << names;
}
