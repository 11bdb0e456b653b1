// SPDX-License-Identifier: Apache-2.0
// Reads an archive from its end: end record (or its zip64 form), directory,
// then each member's own header, which says where its data begins.
#include "data/Zip.h"

#include <algorithm>
#include <cstring>
#include <zlib.h>

namespace mptrt {

namespace {

constexpr uint32_t localMark = 0x04034b50, entryMark = 0x02014b50,
                   endMark = 0x06054b50, end64Mark = 0x06064b50,
                   locatorMark = 0x07064b50;
constexpr uint32_t full32 = 0xffffffff;

/// Little-endian fields of a range; what is outside reads as 0 and is noted.
class Fields {
public:
  Fields(const char *data, uint64_t size) : data(data), size(size) {}
  uint64_t get(uint64_t at, int bytes) {
    if (at > size || size - at < static_cast<uint64_t>(bytes)) {
      truncated = true;
      return 0;
    }
    uint64_t value = 0;
    std::memcpy(&value, data + at, static_cast<size_t>(bytes));
    return value;
  }
  uint16_t u16(uint64_t at) { return static_cast<uint16_t>(get(at, 2)); }
  uint32_t u32(uint64_t at) { return static_cast<uint32_t>(get(at, 4)); }
  uint64_t u64(uint64_t at) { return get(at, 8); }
  bool has(uint64_t at, uint64_t bytes) const {
    return at <= size && size - at >= bytes;
  }

  const char *data;
  uint64_t size;
  bool truncated = false;
};

struct Directory {
  uint64_t offset = 0, count = 0;
};

Status damaged(const char *what) {
  return makeStatus(Code::BadInput, "zip archive is damaged: %s", what);
}

Status findDirectory(Fields &file, Directory *out) {
  uint64_t lowest = file.size > 65557 ? file.size - 65557 : 0;
  for (uint64_t at = file.size >= 22 ? file.size - 22 : 0;; --at) {
    if (file.u32(at) == endMark) {
      out->count = file.u16(at + 10);
      out->offset = file.u32(at + 16);
      bool wide = out->count == 0xffff || out->offset == full32;
      if (wide && at >= 20 && file.u32(at - 20) == locatorMark) {
        uint64_t end64 = file.u64(at - 20 + 8);
        if (file.u32(end64) != end64Mark)
          return damaged("no zip64 end record");
        out->count = file.u64(end64 + 32);
        out->offset = file.u64(end64 + 48);
      }
      return file.truncated ? damaged("it ends early") : Status();
    }
    if (at <= lowest)
      return damaged("no end record; the file may be truncated");
  }
}

/// Sizes and offset that do not fit 32 bits stand in an extra field.
void readWide(Fields &file, uint64_t at, uint64_t end, ZipMember *member,
              uint64_t *offset) {
  while (at + 4 <= end) {
    uint16_t kind = file.u16(at), length = file.u16(at + 2);
    if (kind == 1) {
      uint64_t next = at + 4;
      for (uint64_t *field : {&member->bytes, &member->storedBytes, offset})
        if (*field == full32) {
          *field = file.u64(next);
          next += 8;
        }
    }
    at += 4u + length;
  }
}

Status readMember(Fields &file, uint64_t *at, ZipMember *member) {
  if (file.u32(*at) != entryMark)
    return damaged("directory entry");
  uint16_t flags = file.u16(*at + 8), method = file.u16(*at + 10);
  member->crc = file.u32(*at + 16);
  member->storedBytes = file.u32(*at + 20);
  member->bytes = file.u32(*at + 24);
  uint64_t nameLength = file.u16(*at + 28), extra = file.u16(*at + 30),
           comment = file.u16(*at + 32), offset = file.u32(*at + 42);
  if (!file.has(*at + 46, nameLength + extra + comment))
    return damaged("it ends early");
  member->name.assign(file.data + *at + 46, nameLength);
  uint64_t extraAt = *at + 46 + nameLength;
  readWide(file, extraAt, extraAt + extra, member, &offset);
  *at = extraAt + extra + comment;
  if (flags & 1)
    return makeStatus(Code::BadInput, "member '%s' is encrypted",
                      member->name.c_str());
  if (method != 0 && method != 8)
    return makeStatus(Code::BadInput,
                      "member '%s' has compression method %d; expected stored "
                      "or deflated",
                      member->name.c_str(), method);
  member->deflated = method == 8;
  if (file.u32(offset) != localMark)
    return damaged("header of a member");
  uint64_t dataAt = offset + 30 + file.u16(offset + 26) + file.u16(offset + 28);
  if (file.truncated || !file.has(dataAt, member->storedBytes))
    return damaged("a member ends early");
  if (!member->deflated && member->bytes != member->storedBytes)
    return damaged("sizes of a stored member");
  member->data = file.data + dataAt;
  return Status();
}

uint32_t checksum(const char *data, uint64_t size) {
  uLong crc = crc32(0, nullptr, 0);
  while (size > 0) {
    uInt piece = static_cast<uInt>(std::min<uint64_t>(size, 1u << 30));
    crc = crc32(crc, reinterpret_cast<const Bytef *>(data), piece);
    data += piece;
    size -= piece;
  }
  return static_cast<uint32_t>(crc);
}

Status checkSum(const ZipMember &member, const char *data) {
  if (checksum(data, member.bytes) == member.crc)
    return Status();
  return makeStatus(Code::BadInput, "member '%s' is damaged: wrong checksum",
                    member.name.c_str());
}

} // namespace

Status listZip(const char *archive, size_t size, std::vector<ZipMember> *out) {
  Fields file(archive, size);
  Directory directory;
  MPTRT_TRY(findDirectory(file, &directory));
  uint64_t at = directory.offset;
  for (uint64_t i = 0; i < directory.count; ++i) {
    ZipMember member;
    MPTRT_TRY(readMember(file, &at, &member));
    out->push_back(std::move(member));
  }
  return Status();
}

Status checkMember(const ZipMember &member) {
  return checkSum(member, member.data);
}

Status inflateMember(const ZipMember &member, std::vector<char> *out) {
  // Deflate makes at most about a thousandth; a larger claim is no size.
  if (member.bytes / 1100 > member.storedBytes + 1)
    return damaged("size of a member");
  out->resize(member.bytes);
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return makeStatus(Code::Internal, "zlib: cannot start to inflate");
  // zlib takes what it only reads without const.
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(member.data));
  stream.next_out = reinterpret_cast<Bytef *>(out->data());
  uint64_t in = member.storedBytes, room = member.bytes;
  constexpr uint64_t most = 1u << 30;
  int result = Z_OK;
  do {
    uInt inPiece = static_cast<uInt>(std::min(in, most));
    uInt outPiece = static_cast<uInt>(std::min(room, most));
    stream.avail_in = inPiece;
    stream.avail_out = outPiece;
    result = inflate(&stream, Z_NO_FLUSH);
    in -= inPiece - stream.avail_in;
    room -= outPiece - stream.avail_out;
  } while (result == Z_OK && (in > 0 || room > 0));
  inflateEnd(&stream);
  if (result != Z_STREAM_END || room != 0)
    return makeStatus(Code::BadInput, "member '%s' is damaged: cannot inflate",
                      member.name.c_str());
  return checkSum(member, out->data());
}

static void append(std::string &to, uint64_t value, int bytes) {
  to.append(reinterpret_cast<const char *>(&value), static_cast<size_t>(bytes));
}

void ZipWriter::add(const std::string &name, const std::string &contents) {
  Entry entry{name, archive.size(), contents.size(),
              checksum(contents.data(), contents.size())};
  append(archive, localMark, 4);
  append(archive, 45, 2); // version needed: zip64
  append(archive, 0, 2);
  append(archive, 0, 2);          // stored
  append(archive, 0x00210000, 4); // 1980-01-01
  append(archive, entry.crc, 4);
  append(archive, full32, 4);
  append(archive, full32, 4);
  append(archive, name.size(), 2);
  append(archive, 20, 2);
  archive += name;
  append(archive, 1, 2); // the sizes, wide
  append(archive, 16, 2);
  append(archive, entry.size, 8);
  append(archive, entry.size, 8);
  archive += contents;
  entries.push_back(std::move(entry));
}

std::string ZipWriter::finish() {
  uint64_t start = archive.size();
  for (const Entry &entry : entries) {
    append(archive, entryMark, 4);
    append(archive, 45, 2);
    append(archive, 45, 2);
    append(archive, 0, 2);
    append(archive, 0, 2);
    append(archive, 0x00210000, 4);
    append(archive, entry.crc, 4);
    append(archive, full32, 4);
    append(archive, full32, 4);
    append(archive, entry.name.size(), 2);
    append(archive, 28, 2);
    append(archive, 0, 2);
    append(archive, 0, 2);
    append(archive, 0, 2);
    append(archive, 0, 4);
    append(archive, full32, 4);
    archive += entry.name;
    append(archive, 1, 2);
    append(archive, 24, 2);
    append(archive, entry.size, 8);
    append(archive, entry.size, 8);
    append(archive, entry.offset, 8);
  }
  uint64_t end = archive.size();
  append(archive, end64Mark, 4);
  append(archive, 44, 8);
  append(archive, 45, 2);
  append(archive, 45, 2);
  append(archive, 0, 4);
  append(archive, 0, 4);
  append(archive, entries.size(), 8);
  append(archive, entries.size(), 8);
  append(archive, end - start, 8);
  append(archive, start, 8);
  append(archive, locatorMark, 4);
  append(archive, 0, 4);
  append(archive, end, 8);
  append(archive, 1, 4);
  append(archive, endMark, 4);
  append(archive, 0, 4);
  append(archive, 0xffff, 2);
  append(archive, 0xffff, 2);
  append(archive, full32, 4);
  append(archive, full32, 4);
  append(archive, 0, 2);
  return std::move(archive);
}

} // namespace mptrt
