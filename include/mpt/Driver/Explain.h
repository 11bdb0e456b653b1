// SPDX-License-Identifier: Apache-2.0
//===- Explain.h - tables for people ----------------------------*- C++ -*-===//
#ifndef MPT_DRIVER_EXPLAIN_H
#define MPT_DRIVER_EXPLAIN_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"

namespace mlir::mpt {

/// --list-params: name, shape, type, trained or not. Needs the form of phase 1.
void listParameters(ModuleOp module, raw_ostream &os);

/// --explain: why each parameter is stored so and what else would cost; per
/// stage the bytes of parameters and kept activations of one rank, per task the
/// collectives with bytes and what a rank receives, per edge the bytes, per
/// pipeline coordinate the memory bound.
/// Needs the form of phase 7.
void explainPlan(ModuleOp module, raw_ostream &os);

} // namespace mlir::mpt
#endif
