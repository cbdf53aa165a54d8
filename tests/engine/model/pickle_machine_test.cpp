// SPDX-License-Identifier: MIT
#include "engine/model/pickle_machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/model/checkpoint_builders.hpp"

namespace rcnn::engine::pickle {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using tests::bytes_of;
using tests::little;
using tests::raw;
using tests::refusal;

Document read_text(const std::string& text) { return read(tests::bytes_of(text), "p.pkl"); }
std::string refused(const std::string& text) {
  return refusal([&] { read_text(text); });
}

template <typename T>
T root_of(const std::string& text) {
  const auto document = read_text(text);
  const auto* value = document.get_if<T>(document.root);
  if (value == nullptr) {
    ADD_FAILURE() << "is of another kind";
    return T{};
  }
  return *value;
}

TEST(PickleMachine, WholeNumbersOfAllProtocols) {
  const std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(root_of<std::int64_t>("I-12\n."), -12);
  EXPECT_EQ(root_of<std::int64_t>("L34L\n."), 34);
  EXPECT_EQ(root_of<std::int64_t>(raw("J\xfe\xff\xff\xff.")), -2);
  EXPECT_EQ(root_of<std::int64_t>("K\xff."), 255);
  EXPECT_EQ(root_of<std::int64_t>(raw("M\x00\x80.")), 32768);
  EXPECT_EQ(root_of<std::int64_t>(raw("\x8a\x00.")), 0);
  EXPECT_EQ(root_of<std::int64_t>("\x8a\x02\xff\x7f."), 0x7fff);
  EXPECT_EQ(root_of<std::int64_t>("\x8a\x01\xff."), -1);
  EXPECT_EQ(root_of<std::int64_t>(raw("\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80.")), lowest);
  EXPECT_TRUE(root_of<bool>("I01\n."));
  EXPECT_FALSE(root_of<bool>("\x89."));
  const auto big = read_text("L123456789012345678901234567890L\n.");
  EXPECT_NE(big.get_if<Opaque>(big.root), nullptr);
}

TEST(PickleMachine, FloatsOfAllProtocols) {
  EXPECT_EQ(root_of<double>("F-2.5\n."), -2.5);
  EXPECT_EQ(root_of<double>(raw("G\xc0\x04\x00\x00\x00\x00\x00\x00.")), -2.5);
}

TEST(PickleMachine, MemoryKeepsValuesNotCopies) {
  // l = []; t = (l, l); l.append(t): a value that holds itself.
  const auto document = read_text(
      "]q\x01h\x01h\x01\x86q\x02"
      "0h\x02"
      "a0h\x02.");
  const auto* tuple = document.get_if<Sequence>(document.root);
  ASSERT_NE(tuple, nullptr);
  ASSERT_EQ(tuple->items.size(), 2U);
  EXPECT_EQ(tuple->items[0], tuple->items[1]);
  const auto* list = document.get_if<Sequence>(tuple->items[0]);
  ASSERT_NE(list, nullptr);
  EXPECT_EQ(list->items, std::vector<Ref>{document.root});
}

TEST(PickleMachine, DictionariesKeepOrderAndDuplicates) {
  const auto dict = root_of<Dict>(
      "(K\x01K\x02"
      "d(K\x03K\x04K\x01K\x05u.");
  EXPECT_EQ(dict.items.size(), 3U);
}

TEST(PickleMachine, ForeignNamesAreRefusedByName) {
  EXPECT_THAT(refused("cos\nsystem\n(S'true'\ntR."),
              AllOf(HasSubstr("'os.system'"), HasSubstr("nothing in the file")));
  EXPECT_THAT(refused("cposix\nsystem\n(S'true'\ntR."), HasSubstr("'posix.system'"));
  EXPECT_THAT(refused("\x80\x04\x8c\x08"
                      "builtins\x8c\x04"
                      "eval\x93."),
              HasSubstr("'builtins.eval'"));
  EXPECT_THAT(refused("(S'true'\nios\nsystem\n."), HasSubstr("'os.system'"));
  EXPECT_THAT(refused("(cos\nsystem\nS'true'\no."), HasSubstr("'os.system'"));
  EXPECT_THAT(refused("cnumpy.core.multiarray\n_reconstruct_evil\n."), HasSubstr("_reconstruct_evil"));
  EXPECT_THAT(refused("cnumpy.core.umath\n_reconstruct\n."), HasSubstr("'numpy.core.umath._reconstruct'"));
  EXPECT_THAT(refused("ctorch.os\nFloatStorage\n."), HasSubstr("'torch.os.FloatStorage'"));
  EXPECT_THAT(refused("cx\x1b[2J\ny\n."), HasSubstr("'x?[2J.y'"));
  EXPECT_THAT(refused(std::string(1, 'c') + std::string(100000, 'a') + "\nb\n."),
              HasSubstr("longer than any"));
}

TEST(PickleMachine, NothingIsCalledButConstructors) {
  EXPECT_THAT(refused("K\x01)R."), HasSubstr("no constructor"));
  EXPECT_THAT(refused("cnumpy\nndarray\n)R."), HasSubstr("only named"));
  EXPECT_THAT(refused("cnumpy\nndarray\n)\x81."), HasSubstr("instruction 129"));
  EXPECT_THAT(refused("\x82\x01."), HasSubstr("instruction 130"));
  EXPECT_THAT(refused("Pname\n."), HasSubstr("instruction 80"));
  EXPECT_THAT(refused("K\x01}b."), HasSubstr("state"));
  EXPECT_THAT(refused("c_codecs\nencode\n(S'x'\nS'rot13'\ntR."), HasSubstr("rot13"));
}

TEST(PickleMachine, LengthsBeyondTheFileAreTruncation) {
  for (const std::string opcode : {"X", "T", "B"}) {
    EXPECT_THAT(refused(opcode + little(0xffffffffU) + "abc."), HasSubstr("truncated")) << opcode;
  }
  for (const std::string opcode : {"\x8d", "\x8e", "\x96"}) {
    EXPECT_THAT(refused(opcode + little(~std::uint64_t{0}) + "abc."), HasSubstr("truncated")) << opcode;
  }
  EXPECT_THAT(refused(raw("\x8b") + little(0x7fffffffU) + "a."), HasSubstr("truncated"));
  EXPECT_THAT(refused(""), HasSubstr("truncated"));
  EXPECT_THAT(refused("}"), HasSubstr("truncated"));
}

TEST(PickleMachine, MalformedProgramsAreRefused) {
  for (const auto& text : {raw("."),
                           raw("0"),
                           raw("a."),
                           raw("t."),
                           raw("u."),
                           raw("(K\x01u."),
                           raw("K\x01K\x02s."),
                           raw("}K\x01(K\x02us."),
                           raw("K\x01K\x02"
                               "a."),
                           raw("h\x07."),
                           raw("g12\n."),
                           raw("gx\n."),
                           raw("(K\x01\x85."),
                           raw("R."),
                           raw("b."),
                           raw("\x93."),
                           raw("K\x01K\x02\x93."),
                           raw("(o."),
                           raw("Ix\n."),
                           raw("Fx\n."),
                           raw("S'x\n."),
                           raw("V\\u1\n."),
                           raw("K\x01Q."),
                           raw(")Q."),
                           raw("\x80\x06."),
                           raw("(}."),
                           raw("((K\x01t2.")}) {
    EXPECT_FALSE(refused(text).empty()) << testing::PrintToString(text);
  }
}

TEST(PickleMachine, DeepNestingIsOnlyData) {
  const int depth = 100'000;
  std::string lists(depth, ']');
  lists += std::string(depth - 1, 'a') + ".";
  EXPECT_EQ(root_of<Sequence>(lists).items.size(), 1U);
  std::string tuples = std::string(1, ')') + std::string(depth, '\x85') + ".";
  EXPECT_EQ(root_of<Sequence>(tuples).items.size(), 1U);
}

// Each level holds the level below twice: 2^200 values if anybody walked them.
TEST(PickleMachine, DoublingTuplesAreNotExpanded) {
  std::string text = "K\x01";
  for (int level = 0; level < 200; ++level) text += "2\x86";
  EXPECT_EQ(root_of<Sequence>(text + ".").items.size(), 2U);
}

TEST(PickleMachine, FloodsOfValuesAreCut) {
  constexpr std::size_t kFlood = 5'000'000;
  EXPECT_THAT(refused(std::string(kFlood, 'N') + "."),
              AllOf(HasSubstr("holds more than 4194304 values, which no checkpoint needs"),
                    HasSubstr("a list of its losses"), HasSubstr("torch.save(")));
  EXPECT_THAT(refused(std::string(1, 'N') + std::string(kFlood, '2') + "."), HasSubstr("more than"));
  EXPECT_THAT(refused(std::string(kFlood, '(') + "."), HasSubstr("nested"));
  EXPECT_THAT(refused(std::string(1, 'N') + std::string(kFlood, '\x94') + "."), HasSubstr("remembers"));
  // A list of 10,000 pairs, made into a dictionary again and again.
  std::string pairs = "ccollections\nOrderedDict\nq\x01](";
  for (int pair = 0; pair < 10'000; ++pair) pairs += "NN\x86";
  pairs += "e\x85q\x02";
  for (int copy = 0; copy < 1000; ++copy) pairs += "h\x01h\x02R0";
  EXPECT_THAT(refused(pairs + "N."), HasSubstr("copies"));
}

// A checkpoint's list of losses, the proposals of a large data set.
TEST(PickleMachine, LongListsAreRead) {
  std::string text = "](";
  for (int item = 0; item < 1'000'000; ++item) text += "K\x07";
  EXPECT_EQ(root_of<Sequence>(text + "e.").items.size(), 1'000'000U);
}

TEST(PickleMachine, EmptyBytesAndBoxModesAreValues) {
  EXPECT_TRUE(root_of<Text>("c__builtin__\nbytes\n)R.").is_bytes);
  EXPECT_EQ(root_of<Text>("c__builtin__\nbytes\n)R.").raw, "");
  EXPECT_THAT(refused("c__builtin__\nbytes\nK\x05\x85R."), HasSubstr("bytes() with arguments"));
  EXPECT_EQ(root_of<std::int64_t>("cdetectron2.structures.boxes\nBoxMode\nK\x01\x85R."), 1);
  EXPECT_THAT(refused("cdetectron2.structures.boxes\nBoxMode\n)R."), HasSubstr("too few arguments"));
}

TEST(PickleMachine, TorchTensorsThatPickleWroteAreSaidHowToSave) {
  EXPECT_THAT(refused("ctorch.storage\n_load_from_bytes\n."),
              AllOf(HasSubstr("holds torch tensors"), HasSubstr("torch.save()"), HasSubstr("v.numpy()")));
}

TEST(PickleMachine, SetsAreSkipped) {
  const auto document = read_text("\x8f(K\x01K\x02\x90.");
  EXPECT_NE(document.get_if<Opaque>(document.root), nullptr);
  const auto frozen = read_text("(K\x01\x91.");
  EXPECT_NE(frozen.get_if<Opaque>(frozen.root), nullptr);
}

}  // namespace
}  // namespace rcnn::engine::pickle
