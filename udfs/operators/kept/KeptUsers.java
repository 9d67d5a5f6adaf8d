import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.runtime.state.KeyedStateBackend;
import org.apache.flink.runtime.state.internal.InternalValueState;
import org.apache.flink.types.Row;

/**
 * Reads and writes the states of many users at a time, of any shards of the subtask: see flink_users.py.
 *
 * <p>Compiled as GatherByShard.java is: no generics, no lambdas.
 */
public class KeptUsers {

  private final Map keys = new HashMap();
  private InternalValueState states;
  private MapState names;
  private KeyedStateBackend backend;

  public KeptUsers() {}

  public void open(Object states, Object names, Object backend) {
    this.states = (InternalValueState) states;
    this.names = (MapState) names;
    this.backend = (KeyedStateBackend) backend;
  }

  /** Points Flink at a shard. */
  public void at(int shard) {
    Object key = keys.get(Integer.valueOf(shard));
    if (key == null) {
      Row row = new Row(1);
      row.setField(0, Integer.valueOf(shard));
      keys.put(Integer.valueOf(shard), row);
      key = row;
    }
    backend.setCurrentKey(key);
  }

  /**
   * Takes how many users (4 bytes, little-endian), by user shard and length of his name (4 each), and the names; returns
   * the length of each state (4 bytes each, -1 where there is none) and the states.
   */
  public byte[] load(byte[] asked) throws Exception {
    ByteBuffer in = ByteBuffer.wrap(asked).order(ByteOrder.LITTLE_ENDIAN);
    int count = in.getInt();
    byte[][] found = new byte[count][];
    int size = 4 * count;
    int name = 4 + 8 * count;
    for (int i = 0; i < count; i++) {
      int length = in.getInt(8 + 8 * i);
      at(in.getInt(4 + 8 * i));
      states.setCurrentNamespace(new String(asked, name, length, StandardCharsets.UTF_8));
      found[i] = (byte[]) states.value();
      name = name + length;
      size = size + (found[i] == null ? 0 : found[i].length);
    }
    ByteBuffer out = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < count; i++) {
      out.putInt(found[i] == null ? -1 : found[i].length);
    }
    for (int i = 0; i < count; i++) {
      if (found[i] != null) {
        out.put(found[i]);
      }
    }
    return out.array();
  }

  /**
   * Takes how many users (4 bytes), by user shard, length of his name and of his state, whether he is new (4 each), the
   * names, and the states.
   */
  public void store(byte[] told) throws Exception {
    ByteBuffer in = ByteBuffer.wrap(told).order(ByteOrder.LITTLE_ENDIAN);
    int count = in.getInt();
    int name = 4 + 16 * count;
    int state = name;
    for (int i = 0; i < count; i++) {
      state = state + in.getInt(8 + 16 * i);
    }
    for (int i = 0; i < count; i++) {
      int length = in.getInt(8 + 16 * i);
      byte[] content = new byte[in.getInt(12 + 16 * i)];
      System.arraycopy(told, state, content, 0, content.length);
      String user = new String(told, name, length, StandardCharsets.UTF_8);
      at(in.getInt(4 + 16 * i));
      states.setCurrentNamespace(user);
      states.update(content);
      if (in.getInt(16 + 16 * i) != 0) {
        names.put(user, Boolean.TRUE);
      }
      name = name + length;
      state = state + content.length;
    }
  }
}
