// SPDX-License-Identifier: Apache-2.0
// The safetensors format: eight bytes of header length, a JSON header of name
// -> {dtype, shape, data_offsets}, then the data without holes. The reader
// checks all of that; it reads no data. The writer takes tensors one by one.
#ifndef MPTRT_CHECKPOINT_SAFETENSORS_H
#define MPTRT_CHECKPOINT_SAFETENSORS_H

#include "layout/Box.h"
#include "layout/MappedFile.h"

#include <map>

namespace mptrt {

struct StoredTensor {
  DType dtype = DType::F32;
  Shape shape;
  const char *data = nullptr;
};

class SafeTensors {
public:
  static Status open(const std::string &path, SafeTensors *out);
  /// Null if the file does not have it.
  const StoredTensor *find(const std::string &name) const;
  const std::map<std::string, StoredTensor> &all() const { return tensors; }
  const std::string &path() const { return file.path(); }

private:
  Status parse();

  MappedFile file;
  std::map<std::string, StoredTensor> tensors;
};

class SafeTensorsWriter {
public:
  struct Entry {
    std::string name;
    DType dtype;
    Shape shape;
  };
  /// Writes the header; data follows in this order.
  Status open(const std::string &path, const std::vector<Entry> &entries);
  Status write(const std::vector<char> &tensor);
  Status commit() { return file.commit(); }

private:
  FileWriter file;
};

} // namespace mptrt

#endif // MPTRT_CHECKPOINT_SAFETENSORS_H
