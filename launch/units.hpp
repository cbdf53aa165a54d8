// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace rcnn::launch {

// Thread safety: all functions are reentrant.

/// "512 B", "4.0 KiB", "166.9 MiB".
std::string format_bytes(double bytes);
/// Three significant figures and an SI prefix: "950", "41.8 M", "234 G".
std::string format_count(double count);
/// "850 ms", "12.3 s", "4 min 05 s".
std::string format_seconds(double seconds);
/// "12 %", "0.5 %": no decimals from ten on.
std::string format_percent(double fraction);
/// "1 image", "3 images".
std::string plural(std::uint64_t count, const std::string& noun);

}  // namespace rcnn::launch
