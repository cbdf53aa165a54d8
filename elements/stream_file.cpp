// SPDX-License-Identifier: MIT
#include "elements/stream_file.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "elements/gst_support.hpp"

namespace rcnn::elements {
namespace {

constexpr std::size_t kHashDigits = 64;  // Of a SHA-256

bool begins_with_hash(const std::string& stream) {
  return stream.size() >= kHashDigits && std::all_of(stream.begin(), stream.begin() + kHashDigits,
                                                     [](unsigned char c) { return std::isxdigit(c) != 0; });
}

/// Goes up from pad to pad until a URI is the stream's.
struct Search {
  const std::string& stream;
  std::string found = {};
  bool only_one = true;  ///< Source, as far as the search went

  bool up_from(GstPad* sink);

 private:
  bool is_found(const std::string& uri) const;
};

// "" where nobody has one.
std::string uri_at(GstPad* source) {
  const QueryPtr query(gst_query_new_uri());
  gchar* uri = nullptr;
  if (gst_pad_query(source, query.get()) != FALSE) gst_query_parse_uri(query.get(), &uri);
  const TextPtr owned(uri);
  return uri == nullptr ? "" : uri;
}

bool Search::is_found(const std::string& uri) const {
  const TextPtr hash(g_compute_checksum_for_string(G_CHECKSUM_SHA256, uri.c_str(), -1));
  return !uri.empty() && stream.starts_with(hash.get());
}

bool is_source(GstPad* pad) {
  const ElementPtr element(gst_pad_get_parent_element(pad));
  return element != nullptr && element->numsinkpads == 0;
}

bool Search::up_from(GstPad* sink) {
  const PadPtr peer(gst_pad_get_peer(sink));
  if (!peer) return false;
  if (const auto uri = uri_at(peer.get()); is_found(uri)) {
    found = uri;
    return true;
  }
  GstIterator* links = is_source(peer.get()) ? nullptr : gst_pad_iterate_internal_links(peer.get());
  if (links == nullptr) return false;
  int count = 0;
  std::pair<Search&, int&> state{*this, count};
  const auto leads_there = +[](gconstpointer item, gconstpointer data) -> gint {
    const auto& [search, linked] = *static_cast<const std::pair<Search&, int&>*>(data);
    auto* pad = static_cast<GstPad*>(g_value_get_object(static_cast<const GValue*>(item)));
    if (gst_pad_is_linked(pad) != FALSE && ++linked > 1) search.only_one = false;
    return search.up_from(pad) ? 0 : 1;
  };
  GValue pad = G_VALUE_INIT;
  const bool there = gst_iterator_find_custom(links, leads_there, &pad, &state) != FALSE;
  if (there) g_value_unset(&pad);
  gst_iterator_free(links);
  return there;
}

}  // namespace

std::string file_of_stream(GstPad* pad, const std::string& stream) {
  Search search{stream};
  if (!search.up_from(pad)) {
    const PadPtr peer(gst_pad_get_peer(pad));
    if (!peer || !search.only_one || begins_with_hash(stream)) return "";
    search.found = uri_at(peer.get());
  }
  const TextPtr path(g_filename_from_uri(search.found.c_str(), nullptr, nullptr));
  return path ? path.get() : search.found;
}

}  // namespace rcnn::elements
