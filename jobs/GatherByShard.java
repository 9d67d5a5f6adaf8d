import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.apache.flink.api.common.operators.ProcessingTimeService.ProcessingTimeCallback;
import org.apache.flink.runtime.io.network.api.writer.ResultPartitionWriter;
import org.apache.flink.runtime.io.network.partition.ResultPartition;
import org.apache.flink.streaming.api.graph.StreamConfig;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.operators.Output;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.tasks.ProcessingTimeService;
import org.apache.flink.streaming.runtime.tasks.StreamTask;
import org.apache.flink.types.Row;

/**
 * Gathers the records of all shards of a subtask into batches, each one array of bytes: udfs/operators/batch_rows.py.
 *
 * <p>A batch goes on its way `everyMs` after the one before, or at once where nothing came for as long; once it holds
 * `most` bytes or records; before a checkpoint, a watermark and the end. So there is nothing to keep in state. While
 * a batch before it waits to be taken, it grows with what comes meanwhile: the output has room for some 320 KB, a dozen
 * batches of 50 ms, and each costs what is its own. An order goes alone, behind what came before it.
 *
 * <p>With a pace it takes so many records a second at most: the task sleeps before a record for some milliseconds at a
 * time, so that checkpoints go on, and what reads before it waits.
 *
 * <p>Flink compiles this on each worker with the compiler of its own generated code (Janino): no generics, no lambdas.
 */
public class GatherByShard extends AbstractStreamOperator
    implements OneInputStreamOperator, BoundedOneInput, ProcessingTimeCallback {

  private static final int ORDER = 1;
  private static final long AGAIN_MS = 3;
  private static final long AHEAD_NS = 20000000L;

  private final long everyMs;
  private final int mostRecords;
  private final int mostBytes;
  private final long eachNs;
  private final Gathered[] byKind;
  private ResultPartitionWriter[] writers;
  private boolean waiting;
  private long lastMs;
  private long dueNs;

  public GatherByShard(
      Object[] options, StreamTask task, StreamConfig config, Output output, ProcessingTimeService time) {
    everyMs = ((Integer) options[0]).longValue();
    mostRecords = ((Integer) options[1]).intValue();
    mostBytes = ((Integer) options[2]).intValue();
    byKind = new Gathered[((Integer) options[3]).intValue()];
    int perS = ((Integer) options[4]).intValue();
    eachNs = perS == 0 ? 0L : 1000000000L / perS;
    setup(task, config, output);
    setProcessingTimeService(time);
  }

  public void open() throws Exception {
    super.open();
    writers = getContainingTask().getEnvironment().getAllWriters();
  }

  /** Takes (shard, kind, key, value, partition, offset, timestamp). */
  public void processElement(StreamRecord element) throws Exception {
    if (eachNs > 0) {
      pace();
    }
    Row row = (Row) element.getValue();
    int kind = ((Integer) row.getField(1)).intValue();
    if (byKind[kind] == null) {
      byKind[kind] = new Gathered(kind);
    }
    if (kind == ORDER) {
      send();
    }
    Gathered gathered = byKind[kind];
    gathered.add(row);
    if (kind == ORDER || gathered.count >= mostRecords || gathered.size >= mostBytes) {
      send();
    } else if (!waiting) {
      long now = getProcessingTimeService().getCurrentProcessingTime();
      // A clock that was set back is behind lastMs.
      wake(Math.min(now + everyMs, Math.max(now, lastMs + everyMs)));
    }
  }

  public void onProcessingTime(long timestamp) throws Exception {
    waiting = false;
    if (goesOn()) {
      send();
    } else {
      wake(getProcessingTimeService().getCurrentProcessingTime() + AGAIN_MS);
    }
  }

  public void prepareSnapshotPreBarrier(long checkpointId) throws Exception {
    send();
  }

  public void processWatermark(Watermark mark) throws Exception {
    send();
    super.processWatermark(mark);
  }

  public void endInput() throws Exception {
    send();
  }

  /** Waits until the record is due, but for a few at once; what was not taken in time is not made up for. */
  private void pace() throws InterruptedException {
    long now = System.nanoTime();
    dueNs = Math.max(dueNs, now - AHEAD_NS) + eachNs;
    if (dueNs > now + AHEAD_NS) {
      Thread.sleep((dueNs - now) / 1000000L);
    }
  }

  private void wake(long atMs) {
    waiting = true;
    getProcessingTimeService().registerTimer(atMs, this);
  }

  /** Says whether all that was handed on has been taken; what takes it is still at work on it. */
  private boolean goesOn() {
    for (int i = 0; i < writers.length; i++) {
      if (!writers[i].isAvailable() || ((ResultPartition) writers[i]).getSizeOfQueuedBuffersUnsafe() > 0) {
        return false;
      }
    }
    return true;
  }

  private void send() {
    for (int kind = 0; kind < byKind.length; kind++) {
      if (byKind[kind] != null && byKind[kind].count > 0) {
        output.collect(new StreamRecord(byKind[kind].taken()));
        lastMs = getProcessingTimeService().getCurrentProcessingTime();
      }
    }
  }

  /** Records of one kind, copied: Flink uses their rows again. */
  private static class Gathered {
    final int kind;
    int count;
    int size;
    private int[] numbers = new int[4 * 64];
    private long[] moments = new long[2 * 64];
    private byte[] bytes = new byte[16384];

    Gathered(int kind) {
      this.kind = kind;
    }

    void add(Row row) {
      if (2 * count == moments.length) {
        numbers = Arrays.copyOf(numbers, 2 * numbers.length);
        moments = Arrays.copyOf(moments, 2 * moments.length);
      }
      byte[] key = (byte[]) row.getField(2);
      byte[] value = (byte[]) row.getField(3);
      int number = 4 * count;
      numbers[number] = ((Integer) row.getField(0)).intValue();
      numbers[number + 1] = ((Integer) row.getField(4)).intValue();
      numbers[number + 2] = key.length;
      numbers[number + 3] = value.length;
      moments[2 * count] = ((Long) row.getField(5)).longValue();
      moments[2 * count + 1] = ((Long) row.getField(6)).longValue();
      append(key);
      append(value);
      count = count + 1;
    }

    private void append(byte[] part) {
      if (size + part.length > bytes.length) {
        bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, size + part.length));
      }
      System.arraycopy(part, 0, bytes, size, part.length);
      size = size + part.length;
    }

    /** Returns (shard of the first record, (kind, bytes)) and is empty again. */
    Row taken() {
      ByteBuffer packed = ByteBuffer.allocate(8 + 32 * count + size).order(ByteOrder.LITTLE_ENDIAN);
      packed.putLong(count);
      for (int i = 0; i < 2 * count; i++) {
        packed.putLong(moments[i]);
      }
      for (int i = 0; i < 4 * count; i++) {
        packed.putInt(numbers[i]);
      }
      packed.put(bytes, 0, size);
      Row batch = new Row(2);
      batch.setField(0, Integer.valueOf(kind));
      batch.setField(1, packed.array());
      Row keyed = new Row(2);
      keyed.setField(0, Integer.valueOf(numbers[0]));
      keyed.setField(1, batch);
      count = 0;
      size = 0;
      if (bytes.length > 4194304) {
        bytes = new byte[16384];
      }
      return keyed;
    }
  }
}
