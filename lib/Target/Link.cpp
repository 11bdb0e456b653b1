// SPDX-License-Identifier: Apache-2.0
// The object and the runtime's archive, all of it (its backends register by
// being there), as one executable. The linker is the first of clang++-22,
// clang++, c++ and g++ on PATH.
#include "mpt/Target/Emit.h"
#include "mpt/Target/Target.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::mpt;

static LogicalResult fail(const Twine &text) {
  llvm::errs() << "error: " << text << "\n";
  return failure();
}

LogicalResult mpt::linkExecutable(StringRef object, StringRef archive,
                                  StringRef path, StringRef target) {
  const Target *known = findTarget(target);
  if (!known)
    return fail("unknown target '" + target + "'");
  if (!llvm::sys::fs::exists(archive))
    return fail("there is no runtime '" + archive + "'; build it first");
  std::string linker;
  for (StringRef name : {"clang++-22", "clang++", "c++", "g++"})
    if (auto found = llvm::sys::findProgramByName(name)) {
      linker = *found;
      break;
    }
  if (linker.empty())
    return fail("no linker found; expected clang++-22, clang++, c++ or g++ on "
                "PATH");
  SmallVector<StringRef> arguments{linker,
                                   "-o",
                                   path,
                                   object,
                                   "-Wl,--whole-archive",
                                   archive,
                                   "-Wl,--no-whole-archive",
                                   "-lm",
                                   "-lpthread",
                                   "-ldl",
                                   "-lz",
                                   "-lrt"};
  // Where the program finds what it loads on demand: libmptrt_mpi.so.
  SmallString<128> directory(archive);
  llvm::sys::fs::make_absolute(directory);
  llvm::sys::path::remove_filename(directory);
  std::string runPath = ("-Wl,-rpath," + directory).str();
  arguments.push_back(runPath);
  llvm::append_range(arguments, known->getLinkArguments());
  std::string problem;
  int code = llvm::sys::ExecuteAndWait(linker, arguments, std::nullopt, {},
                                       /*SecondsToWait=*/0, /*MemoryLimit=*/0,
                                       &problem);
  if (code == 0)
    return success();
  return fail("'" + linker + "' cannot link '" + path + "'" +
              (problem.empty() ? "" : ": " + problem));
}
