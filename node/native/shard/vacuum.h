// Builds a generation without the dead: docs/internals/storage.md, "Vacuum".
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "shard/applier.h"
#include "shard/generation.h"
#include "shard/row_table.h"
#include "shard/shard.h"

namespace vdb {

/**
 * One vacuum of one shard, on a thread that may block. It computes in quanta of the pool, at the
 * priority of indexing, and asks between any two whether it should give up. Until the swap nothing
 * of the shard is touched; whatever fails, the new generation is deleted and the old one goes on.
 */
class Vacuum {
 public:
  explicit Vacuum(Shard& shard);
  ~Vacuum();
  Vacuum(const Vacuum&) = delete;
  Vacuum& operator=(const Vacuum&) = delete;

  /** Throws Closed when it was cancelled. */
  void run();

 private:
  /** The shard at one sequence: what is copied from immutable rows and a snapshot of RocksDB later. */
  struct Cut;

  void take_cut();
  void copy_slots();
  void verify_rows(size_t space);
  void copy_rows(size_t space);
  void copy_payloads();
  void copy_sparse(size_t space);
  void remap_graph(size_t space);
  void catch_up(uint64_t sequence);
  void insert_waiting();
  void swap();
  void check_cancelled() const;
  template <class Work>
  void in_pool(Work work) const;

  Shard& shard_;
  std::shared_ptr<Generation> old_;
  std::shared_ptr<Generation> fresh_;
  std::unique_ptr<Cut> cut_;
  std::unique_ptr<Applier> applier_;
  bool swapped_ = false;
};

}  // namespace vdb
