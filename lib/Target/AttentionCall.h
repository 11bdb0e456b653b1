// SPDX-License-Identifier: Apache-2.0
// `mpt.library "attention"` and "attention_grad" as one call of
// mptrt_attention.
#ifndef MPT_LIB_TARGET_ATTENTIONCALL_H
#define MPT_LIB_TARGET_ATTENTIONCALL_H

#include "mpt/IR/Mpt.h"

namespace mlir::mpt {

/// Arrays of the call as in mptrt/abi.def.
struct AttentionCall {
  Type element;
  SmallVector<int64_t> numbers;
  SmallVector<Value> buffers; ///< null where the call has none
};

/// The call; an error at `op` if its element type is none that it takes.
FailureOr<AttentionCall> getAttentionCall(LibraryOp op);

} // namespace mlir::mpt
#endif
