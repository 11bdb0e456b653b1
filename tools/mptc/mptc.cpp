// SPDX-License-Identifier: Apache-2.0
// The compiler: an ONNX model in, a multi-device executable out.
#include "mpt/Driver/Compile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir::mpt;

int main(int argc, char **argv) {
  Options options;
  std::vector<std::string> errors;
  if (!parseOptions({argv + 1, argv + argc}, options, errors)) {
    for (const std::string &error : errors)
      llvm::errs() << "mptc: error: " << error << "\n";
    return static_cast<int>(ExitCode::Usage);
  }
  if (options.help || options.version) {
    llvm::outs() << (options.help ? getUsage() : "mptc 0.1.0 (LLVM 22)\n");
    return 0;
  }
  std::string program = llvm::sys::fs::getMainExecutable(
      argv[0], reinterpret_cast<void *>(&main));
  return static_cast<int>(compile(options, program));
}
