#pragma once

#include <cstdint>
#include <vector>

#include "graph/link_table.h"

namespace vdb {

/**
 * Makes the tree of a table that was filled from elsewhere and that nobody else knows yet: attaches to
 * `root` every row below `rows` that links lead to, leaving out those of `left_out`. A graph file does
 * not say which links were the tree, but where both of two rows hold the other they may become it, so a
 * graph that was saved whole is attached whole and without a change. Other links want the way back
 * added. Rows that nothing leads to stay as they are.
 */
void grow_tree(LinkTable& table, std::uint32_t rows, std::uint32_t root, const std::vector<bool>& left_out);

}  // namespace vdb
