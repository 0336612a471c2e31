// Applies operations to one generation: the same code serves writes, replay and the catching up of a
// vacuum.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "codec/operation.h"
#include "shard/change_set.h"
#include "shard/generation.h"
#include "shard/shard_types.h"

namespace vdb {

enum class ApplyMode : uint8_t {
  /** Rows, RocksDB and field indexes. */
  kLive,
  /**
   * Replay of an operation that RocksDB may have already, and later ones too: the payloads there are
   * of any moment since the checkpoint, so field indexes wait for Applier::refresh_fields.
   */
  kReplay,
};

struct PendingOperation;

class Applier {
 public:
  explicit Applier(Generation& generation);

  /**
   * Applies one operation, all or nothing, and publishes it under the sequence. Throws BadRequest
   * when the operation does not fit the schema, IoError when it cannot be stored, both with nothing
   * changed.
   */
  ApplyOutcome apply(uint64_t sequence, const Operation& operation, ApplyMode mode);
  /** As apply, from a record of the log. Throws BadRequest for bytes that are no operation too; they have no effect either. */
  ApplyOutcome apply_logged(uint64_t sequence, std::span<const uint8_t> record, ApplyMode mode);

  /** Vectors that the newest operation added. */
  size_t rows_added() const noexcept { return rows_added_; }

  /** At the end of a replay: indexes the payloads that RocksDB has now for all that was touched. */
  void refresh_fields();
  /** When RocksDB has more than the log: indexes every payload anew, and drops sparse vectors that are not there. */
  void agree_with_store();
  /** The applied sequence that RocksDB had when this was made. */
  uint64_t stored_applied() const noexcept { return stored_applied_; }

 private:
  void apply_operation(PendingOperation& pending, const UpsertPoints& operation);
  void apply_operation(PendingOperation& pending, const DeletePoints& operation);
  void apply_operation(PendingOperation& pending, const SetPayload& operation);
  void apply_operation(PendingOperation& pending, const OverwritePayload& operation);
  void apply_operation(PendingOperation& pending, const DeletePayloadKeys& operation);
  void apply_operation(PendingOperation& pending, const ClearPayload& operation);
  void apply_operation(PendingOperation& pending, const UpdateVectors& operation);
  void apply_operation(PendingOperation& pending, const DeleteVectors& operation);
  void apply_operation(PendingOperation& pending, const CreateFieldIndex& operation);
  void apply_operation(PendingOperation& pending, const DeleteFieldIndex& operation);
  void apply_operation(PendingOperation& pending, const Nothing& operation);

  std::vector<int> spaces_of(const PointList& list) const;
  void check_vectors(const PointList& list, const std::vector<int>& spaces) const;
  void write_vectors(PendingOperation& pending, const PointList& list, const std::vector<int>& spaces,
                     const std::vector<const PointView*>& points);
  void add_rows(PendingOperation& pending, const PointList& list, const std::vector<int>& spaces,
                const std::vector<const PointView*>& points, size_t space);
  void remove_sparse(PendingOperation& pending, uint32_t slot, size_t space);
  void name_slots(PendingOperation& pending, const std::vector<PointId>& ids);
  template <class Edit>
  void edit_payloads(PendingOperation& pending, const std::vector<PointId>& ids, Edit edit);
  void set_payload(PendingOperation& pending, SlotChange& change, std::string payload);
  void read_old_payloads(PendingOperation& pending);
  void publish(PendingOperation& pending);
  void fill_index(FieldIndexes& indexes, const std::string& path) const;

  Generation& generation_;
  const uint64_t stored_applied_;
  size_t rows_added_ = 0;
  bool directory_made_ = false;
  /** Slots and new indexes of operations in mode kReplay. */
  std::vector<uint64_t> touched_;
  std::set<std::string> unfilled_;
};

}  // namespace vdb
