// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/model/checkpoint_formats.hpp"
#include "tests/engine/model/checkpoint_builders.hpp"

namespace rcnn::engine {
namespace {

using ::testing::HasSubstr;
using tests::expect_counted;
using tests::f32_bytes;
using tests::fixture;
using tests::raw;
using tests::refusal_of_bytes;

TEST(PickledArrays, EveryProtocolGivesTheSameArrays) {
  for (int protocol = 0; protocol <= 5; ++protocol) {
    SCOPED_TRACE(protocol);
    const auto checkpoint = read_checkpoint(fixture("numpy_protocol_" + std::to_string(protocol) + ".pkl"));
    EXPECT_EQ(checkpoint.format, "pkl");
    EXPECT_EQ(checkpoint.tensors.size(), 10U);
    for (const auto& [name, tensor] : checkpoint.tensors) {
      expect_counted(name, tensor);
      EXPECT_EQ(tensor.shape, name == "scalar"               ? Shape{}
                              : name == "three_axes.fortran" ? (Shape{2, 3, 4})
                                                             : (Shape{2, 3}))
          << name;
    }
  }
}

// Written by NumPy 2.4: views with their axes exchanged, as a permuted or channels-last weight is.
TEST(PickledArrays, ViewsWithExchangedAxes) {
  const auto checkpoint = read_checkpoint(fixture("numpy_permuted.pkl"));
  EXPECT_EQ(checkpoint.tensors.size(), 4U);
  for (const auto& [name, tensor] : checkpoint.tensors) {
    EXPECT_EQ(tensor.shape, (Shape{2, 3, 4})) << name;
    expect_counted(name, tensor);
  }
}

TEST(PickledArrays, OrdersAndAxesThatNumPyDoesNotWriteAreRefused) {
  const auto refused = [](const std::string& order_and_axes) {
    const auto data = f32_bytes({1, 2, 3, 4, 5, 6});
    return refusal_of_bytes("\x80\x02}U\x01wcnumpy._core.numeric\n_frombuffer\n(T" +
                            tests::little(static_cast<std::uint32_t>(data.size())) + data +
                            "cnumpy\ndtype\n(U\x02"
                            "f4tRK\x02K\x03\x86U\x01" +
                            order_and_axes + "tRs.");
  };
  EXPECT_THAT(refused("A"), HasSubstr("order 'A'; read are 'C', 'F' and 'K'"));
  EXPECT_THAT(refused("K"), HasSubstr("too few arguments"));
  EXPECT_THAT(refused("KN"), HasSubstr("expected the axes of an array"));
  EXPECT_THAT(refused("KK\x01K\x01\x86"), HasSubstr("axes of an array are [1, 1]"));
  EXPECT_THAT(refused(raw("KK\x00K\x02\x86")), HasSubstr("axes of an array are [0, 2]"));
  EXPECT_THAT(refused(raw("KJ\xff\xff\xff\xffK\x00\x86")), HasSubstr("axes of an array are [-1, 0]"));
  EXPECT_THAT(refused(raw("KK\x00\x85")), HasSubstr("as many as its shape"));
}

// Protocol 0 writes bytes as text, in which those from 0x80 on take two: more than the file has.
TEST(PickledArrays, TextMayBeLongerInMemoryThanInTheFile) {
  const std::vector<float> values(256, -1.0F / 3);  // 0xbeaaaaab
  const std::string file =
      "(dVweight\ncnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntVb\ntR(I1\n(I256\ntcnumpy\n"
      "dtype\n(Vf4\nI0\nI1\ntR(I3\nV<\nNNNI-1\nI-1\nI0\ntbI00\nc_codecs\nencode\n(V" +
      f32_bytes(values) + "\nVlatin1\ntRtbs.";
  const auto checkpoint = parse_checkpoint(tests::bytes_of(file), "p0.pkl");
  ASSERT_TRUE(checkpoint.tensors.contains("weight"));
  EXPECT_EQ(*checkpoint.tensors.at("weight").values, values);
}

/// A zoo file as Python 2 wrote it, protocol 2: strings are bytes, the array's contents one of them.
std::string python2_pickle(const std::string& dtype, const std::string& order, const std::string& data,
                           const std::string& extents = "K\x01K\x02K\x03\x87") {
  return raw("\x80\x02}q\x00U\x05modelq\x01}q\x02U\x06weightq\x03"
             "cnumpy.core.multiarray\n_reconstruct\nq\x04") +
         raw("cnumpy\nndarray\nq\x05K\x00\x85U\x01"
             "b\x87Rq\x06(K\x01") +
         extents + raw("cnumpy\ndtype\nq\x07U\x02") + dtype + raw("K\x00K\x01\x87Rq\x08(K\x03U\x01") + order +
         raw("NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T") +
         tests::little(static_cast<std::uint32_t>(data.size())) + data + raw("tbss.");
}

const std::vector<float> kCounted{-1, -0.75, -0.5, -0.25, 0, 0.25};

TEST(PickledArrays, Python2StringsAreBytes) {
  const auto file = python2_pickle("f4", "<", f32_bytes(kCounted));
  const auto checkpoint = parse_checkpoint(tests::bytes_of(file), "p2.pkl");
  ASSERT_TRUE(checkpoint.tensors.contains("weight"));
  EXPECT_EQ(checkpoint.tensors.at("weight").shape, (Shape{1, 2, 3}));
  expect_counted("weight", checkpoint.tensors.at("weight"));
}

TEST(PickledArrays, Python2TextProtocol) {
  std::string literal = "'";
  for (const char c : f32_bytes(kCounted)) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    literal += std::string("\\x") + kHex[byte >> 4] + kHex[byte & 15];
  }
  const std::string file =
      "(dp0\nS'model'\np1\n(dp2\nS'weight'\np3\ncnumpy.core.multiarray\n_reconstruct\np4\n("
      "cnumpy\nndarray\np5\n"
      "(I0\ntp6\nS'b'\np7\ntp8\nRp9\n(I1\n(I2\nI3\ntp10\ncnumpy\ndtype\np11\n(S'f4'"
      "\np12\nI0\nI1\ntp13\nRp14\n"
      "(I3\nS'<'\np15\nNNNI-1\nI-1\nI0\ntp16\nbI00\n" +
      ("S" + literal) + "'\np17\ntp18\nbss.";
  const auto checkpoint = parse_checkpoint(tests::bytes_of(file), "p0.pkl");
  ASSERT_EQ(checkpoint.tensors.size(), 1U);
  expect_counted("weight", checkpoint.tensors.at("weight"));
}

TEST(PickledArrays, ContentsMustFillTheShape) {
  const auto short_by_one = f32_bytes({1, 2, 3, 4, 5});
  EXPECT_THAT(
      refusal_of_bytes(python2_pickle("f4", "<", short_by_one)),
      ::testing::AllOf(HasSubstr("'weight'"), HasSubstr("[1, 2, 3]"), HasSubstr("24 bytes and has 20")));
  EXPECT_THAT(refusal_of_bytes(python2_pickle("f4", "<", f32_bytes({1, 2, 3, 4, 5, 6, 7}))),
              HasSubstr("has 28"));
  EXPECT_THAT(refusal_of_bytes(
                  python2_pickle("f4", "<", short_by_one, "J\xff\xff\xff\x7fJ\xff\xff\xff\x7fK\x03\x87")),
              HasSubstr("impossible shape"));
  EXPECT_THAT(refusal_of_bytes(python2_pickle("f4", "<", short_by_one, raw("M\xff\xffM\xff\xffK\x01\x87"))),
              HasSubstr("has 20"));
}

TEST(PickledArrays, TypesThatNoWeightHasAreNamed) {
  EXPECT_THAT(refusal_of_bytes(python2_pickle("O8", "|", "x")), HasSubstr("'O8'"));
  EXPECT_THAT(refusal_of_bytes(python2_pickle("U2", "<", "x")), HasSubstr("'U2'"));
  EXPECT_THAT(refusal_of_bytes(python2_pickle("f4", "!", "x")), HasSubstr("byte order '!'"));
}

TEST(PickledArrays, ManyArraysOverOneBufferAreRefused) {
  // 64 KB of bytes remembered once, then named by 40 arrays in protocol 5.
  const std::string data(65536, '\0');
  std::string file = raw("\x80\x05\x96") + tests::little(std::uint64_t{data.size()}) + data +
                     "q\x01"
                     "0" +
                     "cnumpy\ndtype\n(U\x02"
                     "f4tRq\x02"
                     "0" +
                     "}";
  for (int index = 0; index < 40; ++index) {
    file += "U\x02w" + std::string(1, static_cast<char>('A' + index)) +
            raw("cnumpy.core.numeric\n_frombuffer\n(h\x01h\x02M\x00\x40\x85U\x01"
                "CtRs");
  }
  EXPECT_THAT(refusal_of_bytes(file + "."), HasSubstr("shares its bytes"));
}

}  // namespace
}  // namespace rcnn::engine
