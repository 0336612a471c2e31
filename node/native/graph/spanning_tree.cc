#include "graph/spanning_tree.h"

#include <algorithm>
#include <span>

namespace vdb {

namespace {

class TreeGrowth {
 public:
  TreeGrowth(LinkTable& table, std::uint32_t rows, std::uint32_t root, const std::vector<bool>& left_out)
      : table_(table), left_out_(left_out), children_(rows) {
    table_.attach(root, root);
    attached_.push_back(root);
  }

  /** Attaches what is within reach of the rows attached so far, to parents with fewer than `children_max` children. */
  void spread(std::size_t children_max, bool add_way_back) {
    for (std::size_t i = 0; i < attached_.size(); i++) {
      const std::uint32_t parent = attached_[i];
      for (const LinkTable::Link& link : table_.links(parent, 0)) {
        if (link < 0 || children_[parent] >= children_max) break;
        const auto row = static_cast<std::uint32_t>(link);
        if (table_.attached(row) || left_out_[row]) continue;
        if (!holds(row, parent)) {
          if (!add_way_back) continue;
          add(row, parent);
        }
        table_.attach(row, parent);
        children_[parent]++;
        attached_.push_back(row);
      }
    }
  }

  bool complete() const { return attached_.size() == children_.size(); }

 private:
  bool holds(std::uint32_t row, std::uint32_t other) const {
    const auto links = table_.links(row, 0);
    return std::find(links.begin(), links.end(), static_cast<LinkTable::Link>(other)) != links.end();
  }

  /** Into a full list in the place of a row that does not need this link any more, if there is one. */
  void add(std::uint32_t row, std::uint32_t parent) {
    const auto links = table_.links(row, 0);
    auto place = std::find(links.begin(), links.end(), -1);
    for (auto link = links.end(); place == links.end() && link != links.begin();)
      if (table_.attached(static_cast<std::uint32_t>(*--link))) place = link;
    if (place == links.end()) place = std::prev(links.end());
    LinkTable::store(*place, static_cast<LinkTable::Link>(parent));
  }

  LinkTable& table_;
  const std::vector<bool>& left_out_;
  /** In the order in which they were attached. */
  std::vector<std::uint32_t> attached_;
  std::vector<std::uint16_t> children_;
};

}  // namespace

void grow_tree(LinkTable& table, std::uint32_t rows, std::uint32_t root, const std::vector<bool>& left_out) {
  TreeGrowth growth(table, rows, root, left_out);
  const std::size_t room = table.room(0);
  // A list that the tree fills takes no nearer rows any more, so each parent gets few children if that is enough.
  growth.spread(room / 4, false);
  if (!growth.complete()) growth.spread(room, false);
  if (!growth.complete()) growth.spread(room, true);
}

}  // namespace vdb
