// SPDX-License-Identifier: Apache-2.0
// What the steps of a program read: one array per input, from an .npz or (a
// program of one input) .npy file, or the windows of a file of tokens
// (Tokens.h), which give the ids to the program's one input and the rest to its
// labels. An array of one dim more than its input is [steps, batch, ...]; else
// its first axis is the sample and step i takes samples [i G, (i + 1) G) of the
// global batch G. Either way the file is a list of samples, which --shuffle
// permutes as a whole.
//
// The file is opened and checked once, before ranks start; ranks then take
// their boxes from it, each by itself.
#ifndef MPTRT_DATA_DATASET_H
#define MPTRT_DATA_DATASET_H

#include "data/Npy.h"
#include "data/Shuffle.h"
#include "data/Zip.h"
#include "layout/MappedFile.h"

#include <deque>
#include <optional>

namespace mptrt {

class DataSet {
public:
  /// Checks dtypes, shapes and lengths of all inputs; the message has a line
  /// for each that is wrong.
  /// `tokens`: type of a raw file's tokens; empty: as the file's name says.
  static Status open(const std::string &path, const std::string &tokens,
                     const abi::Manifest &manifest, DataSet *out);
  /// Whole steps that the file holds.
  int64_t steps() const { return stepCount; }
  void shuffle(uint64_t seed) { order.emplace(seed, sampleCount); }

  /// Fills a rank's local array of an input for one step, zero-padded, in the
  /// program's element type. `box` is in the input's global shape.
  void take(size_t input, int64_t step, const Box &box, char *local) const;

private:
  /// Samples in a row; what stands between them and the end is not used.
  struct Column {
    const char *data = nullptr;
    DType stored = DType::F32, wanted = DType::F32;
    Shape sample; // shape of one
    int64_t samples = 0;
    int64_t perStep = 1;
    int token = 0;     // bytes of one; 0: an array
    int64_t shift = 0; // of a window's first token
  };
  Status openMembers(const std::string &path,
                     std::vector<std::pair<std::string, NpyArray>> *arrays);
  static Status makeColumn(const abi::Input &input, const NpyArray &array,
                           Column *out);
  Status openTokens(const std::string &path, const std::string &type,
                    const abi::Manifest &manifest);
  void takeTokens(const Column &column, int64_t step, const Box &box,
                  char *local) const;
  int64_t sampleAt(const Column &column, int64_t step, int64_t row) const;
  Status countSteps(const abi::Manifest &manifest);

  MappedFile file;
  std::deque<std::vector<char>> inflated; // addresses stay
  std::vector<Column> columns;
  std::optional<Shuffle> order;
  int64_t stepCount = 0;
  int64_t sampleCount = 0; // of whole steps
};

} // namespace mptrt

#endif // MPTRT_DATA_DATASET_H
