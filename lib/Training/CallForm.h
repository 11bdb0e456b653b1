// SPDX-License-Identifier: Apache-2.0
//===- CallForm.h - the text form of losses and optimizers ------*- C++ -*-===//
//
// `name(argument,...){key=value,flag,...}`, both brackets optional. An argument
// is anything without `,` and `)` (ONNX names have dots, slashes and colons), a
// value is text up to the next `,` outside of `[]`. Meaning is checked by who
// asks; whoever asks for every key it knows calls `finish`, which reports the
// others.
//
//===----------------------------------------------------------------------===//
#ifndef MPT_LIB_TRAINING_CALLFORM_H
#define MPT_LIB_TRAINING_CALLFORM_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

namespace mlir::mpt {

class CallForm {
public:
  /// Starts one error; what it says follows.
  using EmitError = llvm::function_ref<InFlightDiagnostic()>;

  /// Refers to `text`, which must outlive the form.
  static FailureOr<CallForm> parse(StringRef text, EmitError emitError);

  StringRef getName() const { return name; }
  ArrayRef<StringRef> getArguments() const { return arguments; }

  /// Each reads one option into `value` if it is given and reports what it is
  /// not. `read` for a flag accepts `key`, `key=true` and `key=false`.
  LogicalResult read(StringRef key, double &value, EmitError emitError);
  LogicalResult read(StringRef key, int64_t &value, EmitError emitError);
  LogicalResult read(StringRef key, bool &value, EmitError emitError);
  LogicalResult read(StringRef key, SmallVectorImpl<double> &values,
                     EmitError emitError);
  /// Reports options that nobody read.
  LogicalResult finish(EmitError emitError) const;

private:
  struct Option {
    StringRef key, value;
    bool hasValue;
  };
  LogicalResult parseOptions(StringRef body, EmitError emitError);
  /// The option, now known, or null.
  const Option *find(StringRef key);

  StringRef name;
  SmallVector<StringRef> arguments;
  SmallVector<Option> options;
  SmallVector<StringRef> known;
};

} // namespace mlir::mpt
#endif
